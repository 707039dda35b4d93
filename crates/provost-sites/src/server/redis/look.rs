//! How every Redis of a fleet is, for `status` and as figures for Prometheus.

use std::fmt::Write as _;

use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::files;
use provost_engine::process::Account;
use provost_fleet::model::Redis;
use provost_fleet::name::Name;
use serde::Serialize;

use super::instance::{Figures, Purpose};
use super::managed::PairState;
use super::{RedisError, Redises};

/// The file of the figures.
const FILE: &str = "redis.prom";

/// One instance as it is.
#[derive(Debug, Clone, Serialize)]
pub struct Looked {
    /// Its name in the fleet file.
    pub name: Name,
    /// What it is for.
    pub purpose: Purpose,
    /// Whether Provost runs it.
    pub managed: bool,
    /// `running`, `stopped`, `absent`, `lost`, `foreign`, `reachable`, `unreachable`.
    pub state: &'static str,
    /// What it says of itself, where it could be asked.
    pub figures: Option<Figures>,
    /// Why it could not be asked, or what is wrong with it.
    pub note: Option<String>,
}

/// Sessions that fill so much of their memory are told: when it is full nobody can log in.
const NEARLY_FULL: f64 = 0.9;

impl Redises {
    /// Looks at every instance. Whether stopped ones are started is up to the command.
    pub async fn look(&self, cx: &Context) -> Vec<Looked> {
        let mut all = Vec::new();
        for name in self.names() {
            for purpose in Purpose::ALL {
                all.push(self.look_at(cx, name, purpose).await);
            }
        }
        all
    }

    async fn look_at(&self, cx: &Context, name: &Name, purpose: Purpose) -> Looked {
        let managed = matches!(self.declared(name), Ok(Redis::Managed { .. }));
        let looked =
            |state, figures, note| Looked { name: name.clone(), purpose, managed, state, figures, note };
        if let Ok(Some(pair)) = self.pair(cx, name) {
            let state = match pair.state() {
                PairState::Made if pair.stopped().contains(&purpose) => "stopped",
                PairState::Made => "running",
                PairState::Absent => "absent",
                PairState::Lost => "lost",
                PairState::Foreign => "foreign",
            };
            if state != "running" {
                return looked(state, None, None);
            }
        }
        match self.ask(cx, name, purpose).await {
            Ok(figures) => {
                let note = figures.unfit(purpose).or_else(|| nearly_full(&figures, purpose));
                looked(if managed { "running" } else { "reachable" }, Some(figures), note)
            }
            Err(error) => {
                let state = if managed { "running" } else { "unreachable" };
                looked(state, None, Some(full_chain(&error)))
            }
        }
    }

    async fn ask(&self, cx: &Context, name: &Name, purpose: Purpose) -> Result<Figures, RedisError> {
        let mut client = self.admin(cx, name, purpose).await?;
        Figures::ask(&mut client).await.map_err(RedisError::ask(name, purpose))
    }

    /// Writes the figures of every instance for `node_exporter`'s textfile collector; nothing for a fleet without any.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn write_figures(&self, cx: &Context, fleet: &Name) -> std::io::Result<()> {
        if self.names().next().is_none() {
            return Ok(());
        }
        let text = text(fleet, &self.look(cx).await);
        let directory = cx.paths.metrics();
        files::directory(&directory, 0o755, &Account::Own)?;
        files::write_whole(&directory.join(FILE), text.as_bytes(), 0o644, &Account::Own)
    }
}

fn nearly_full(figures: &Figures, purpose: Purpose) -> Option<String> {
    // Exact up to 2^53 bytes, which no machine has.
    #[expect(clippy::cast_precision_loss, reason = "a share of memory needs no last digit")]
    let share = figures.used_bytes as f64 / figures.most_bytes.max(1) as f64;
    let full = purpose == Purpose::Sessions && figures.most_bytes > 0 && share > NEARLY_FULL;
    full.then(|| "it is nearly full; when it is, nobody can log in: give it more memory".to_owned())
}

/// A figure: its name, its kind, what it says, and how it is read.
type Metric = (&'static str, &'static str, &'static str, fn(&Figures) -> u64);

const METRICS: [Metric; 5] = [
    ("memory_used_bytes", "gauge", "Memory in use.", |figures| figures.used_bytes),
    ("memory_max_bytes", "gauge", "Memory that may be used; 0 is all.", |figures| figures.most_bytes),
    ("evicted_keys_total", "counter", "Keys that were forgotten to make room.", |figures| figures.evicted),
    ("keys", "gauge", "Keys.", |figures| figures.keys),
    ("connected_clients", "gauge", "Connections.", |figures| figures.clients),
];

fn text(fleet: &Name, all: &[Looked]) -> String {
    let mut text = String::new();
    let labels = |one: &Looked| {
        format!("fleet=\"{fleet}\",redis=\"{}\",instance=\"{}\"", one.name, one.purpose.word())
    };
    let head = |text: &mut String, name: &str, kind: &str, help: &str| {
        writeln!(text, "# HELP provost_redis_{name} {help}\n# TYPE provost_redis_{name} {kind}").ok();
    };
    head(&mut text, "up", "gauge", "Whether it answers.");
    for one in all {
        writeln!(text, "provost_redis_up{{{}}} {}", labels(one), u8::from(one.figures.is_some())).ok();
    }
    for (name, kind, help, read) in METRICS {
        head(&mut text, name, kind, help);
        for (one, figures) in all.iter().filter_map(|one| Some((one, one.figures.as_ref()?))) {
            writeln!(text, "provost_redis_{name}{{{}}} {}", labels(one), read(figures)).ok();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_of_what_answers() {
        let one = |purpose, figures| Looked {
            name: "main".parse().unwrap(),
            purpose,
            managed: true,
            state: "running",
            figures,
            note: None,
        };
        let figures = Figures {
            used_bytes: 95,
            most_bytes: 100,
            evicted: 3,
            keys: 2,
            clients: 1,
            ..Figures::default()
        };
        let all = [one(Purpose::Sessions, Some(figures.clone())), one(Purpose::Caches, None)];
        insta::assert_snapshot!(text(&"test".parse().unwrap(), &all));
        assert!(nearly_full(&figures, Purpose::Sessions).is_some());
        assert_eq!(nearly_full(&figures, Purpose::Caches), None);
    }
}
