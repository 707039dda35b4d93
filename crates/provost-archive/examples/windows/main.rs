//! A month of windows in simulated time: courses of skewed sizes, durations that nobody knows beforehand, a model that learns.
//! `script/bench.d/windows` runs it; the last line is JSON. `world.rs` says what is assumed of the world, `figures.rs` what is counted.
//!
//! Arguments: the number of seeds, the project's commit; then words: `each` to see every month, `full`, `ends`, `finish`, `stop` and
//! numbers of workers to see only those.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_pass_by_value,
    reason = "a simulation of thousands of courses, not of more than a number holds"
)]

mod dice;
mod figures;
mod month;
mod world;

use jiff::Timestamp;
use provost_archive::schedule::Schedule;
use provost_archive::window::{Window, zone};
use provost_fleet::archive::Overrun;

use figures::Figures;
use month::Month;
use world::World;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The month: clocks go back in it.
const FROM: &str = "2026-10-01T12:00:00+02:00";
const UNTIL: &str = "2026-11-01T12:00:00+01:00";

/// Seconds that its 31 windows are open.
const OPEN: f64 = (31.0 * 7.5 + 1.0) * 3600.0;

/// Work at hand, by what the windows hold: more than can be done, and less.
const LOADS: [(&str, f64); 2] = [("full", 1.15), ("ends", 0.7)];

const WORKERS: [usize; 4] = [1, 2, 4, 8];

const POLICIES: [(&str, Overrun); 2] = [("finish", Overrun::Finish), ("stop", Overrun::Stop)];

/// All months of one sort.
struct Row {
    load: &'static str,
    policy: &'static str,
    workers: usize,
    months: Vec<Figures>,
}

#[expect(clippy::cast_precision_loss, reason = "a number of workers")]
fn month(seed: u64, workers: usize, overrun: Overrun, load: f64) -> Result<Figures> {
    let (from, until): (Timestamp, Timestamp) = (FROM.parse()?, UNTIL.parse()?);
    let window = Window::new(zone("Europe/Paris")?, vec!["22:00-05:30".parse()?], Vec::new());
    let mut world = World::new(seed);
    let courses = world.courses(load * OPEN * workers as f64);
    let schedule = Schedule::new(window, overrun, workers, from);
    Ok(Month::new(&mut world, &courses, schedule, workers).run(from, until))
}

impl Row {
    fn most(&self, figure: impl Fn(&Figures) -> f64) -> f64 {
        self.months.iter().map(figure).fold(0.0, f64::max)
    }

    fn least(&self, figure: impl Fn(&Figures) -> f64) -> f64 {
        self.months.iter().map(figure).fold(f64::INFINITY, f64::min)
    }

    fn sum(&self, figure: impl Fn(&Figures) -> usize) -> usize {
        self.months.iter().map(figure).sum()
    }

    fn print(&self) {
        println!(
            "{:4} {:6} {:7} {:8} {:8.3} {:8.1} {:9.1} {:4} {:7} {:6.1} {:6.1} {:7.1} {:6.2} {:4} {:5} {:5} {:6} {:6}",
            self.load,
            self.policy,
            self.workers,
            self.sum(|month| month.units),
            100.0 * self.most(Figures::late_share),
            self.most(|month| month.latest().0) / 60.0,
            self.most(|month| month.latest().1) / 60.0,
            self.sum(|month| month.too_late().0),
            self.sum(|month| month.too_late().1),
            100.0 * self.least(|month| month.used().0),
            100.0 * self.least(|month| month.used().1),
            100.0 * self.least(Figures::least_used),
            100.0 * self.most(Figures::over_share),
            self.sum(|month| month.long),
            self.sum(|month| month.runs) - self.sum(|month| month.units),
            self.sum(|month| month.left + month.put_back),
            self.sum(|month| month.broken_off),
            self.sum(|month| month.parked),
        );
    }
}

fn heading() {
    println!(
        "Worst of all seeds; counts are sums over them. Late and latest of runs: a unit taken in hand once."
    );
    println!(
        "unhung: units that hang for hours left out. used: waiting is unused; -hang: hanging is unused too."
    );
    println!(
        "{:4} {:6} {:>7} {:>8} {:>8} {:>8} {:>9} {:>4} {:>7} {:>6} {:>6} {:>7} {:>6} {:>4} {:>5} {:>5} {:>6} {:>6}",
        "load",
        "policy",
        "workers",
        "units",
        "late %",
        "latest",
        "..unhung",
        ">5'",
        "unhung",
        "used %",
        "-hang",
        "night %",
        "over %",
        "long",
        "stops",
        "left",
        "broken",
        "parked"
    );
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seeds: u64 = arguments.next().map_or(Ok(10), |seeds| seeds.parse())?;
    let commit = arguments.next().unwrap_or_default();
    let words: Vec<String> = arguments.collect();
    let each = words.iter().any(|word| word == "each");
    // Of those that a word could choose from, those that are chosen; all where none is.
    let chosen = |one: &str, all: &[&str]| {
        let choice = words.iter().any(|word| all.contains(&word.as_str()));
        !choice || words.iter().any(|word| word == one)
    };
    heading();
    let mut figures = serde_json::Map::new();
    for (load, part) in LOADS {
        for (policy, overrun) in POLICIES {
            for workers in WORKERS {
                let wanted = chosen(load, &["full", "ends"]) && chosen(policy, &["finish", "stop"]);
                if !wanted || !chosen(&workers.to_string(), &["1", "2", "4", "8"]) {
                    continue;
                }
                let mut row = Row { load, policy, workers, months: Vec::new() };
                for seed in 1..=seeds {
                    let figures = month(seed, workers, overrun, part)?;
                    if each {
                        println!("     seed {seed}, {} windows:", figures.nights());
                        let one = Row { load, policy, workers, months: vec![figures] };
                        one.print();
                        row.months.extend(one.months);
                    } else {
                        row.months.push(figures);
                    }
                }
                row.print();
                let name = format!("{load}_{policy}_{workers}");
                figures.insert(
                    name,
                    serde_json::json!({
                        "late_share": row.most(Figures::late_share),
                        "latest_seconds": row.most(|month| month.latest().0),
                        "latest_seconds_unhung": row.most(|month| month.latest().1),
                        "used": row.least(|month| month.used().0),
                        "used_without_hanging": row.least(|month| month.used().1),
                        "broken_off": row.sum(|month| month.broken_off),
                        "parked": row.sum(|month| month.parked),
                    }),
                );
            }
        }
    }
    let line = serde_json::json!({"bench": "windows", "on": "simulated time", "commit": commit, "runs": seeds, "figures": figures});
    println!("{line}");
    Ok(())
}
