//! The loop on pretended sites, with a clock that only moves when everybody waits.

use std::collections::BTreeSet;
use std::sync::Mutex;

use provost_engine::context::{Limits, Machine};
use provost_engine::event::{Event, Reporter};
use provost_engine::paths::Paths;
use provost_engine::store::Store;
use tokio_util::sync::CancellationToken;

use provost_fleet::cron::Cron;

use super::super::look::Timed;
use super::super::schedule::Budget;
use super::*;
use crate::server::ServerError;

/// Sites that always have something due, and what is wrong with them.
#[derive(Default)]
struct Pretended {
    sites: BTreeMap<Name, Name>,
    /// Sites whose run never ends by itself.
    stuck: BTreeSet<Name>,
    /// Sites whose database is broken.
    broken: BTreeSet<Name>,
    suspended: BTreeSet<Name>,
    /// Servers that do not answer.
    down: Mutex<BTreeSet<Name>>,
    runs: Mutex<BTreeMap<Name, usize>>,
    looks: Mutex<BTreeMap<Name, usize>>,
    at_work: Mutex<(usize, usize)>,
    late: Mutex<Duration>,
}

impl Pretended {
    fn runs(&self, site: &str) -> usize {
        self.runs.lock().unwrap().get(&name(site)).copied().unwrap_or(0)
    }
}

impl World for Pretended {
    fn sites(&self) -> BTreeMap<Name, Name> {
        self.sites.clone()
    }

    async fn look(&self, cx: &Context, site: &Name) -> Result<Sight, LookError> {
        *self.looks.lock().unwrap().entry(site.clone()).or_default() += 1;
        let server = self.sites[site].clone();
        if self.down.lock().unwrap().contains(&server) {
            return Err(LookError::Server(ServerError::Timeout(server)));
        }
        if self.broken.contains(site) {
            return Err(LookError::Database(sqlx::Error::RowNotFound));
        }
        let suspended = self.suspended.contains(site).then(|| "the site is in maintenance".to_owned());
        let timetable = vec![Timed { class: "core\\task\\often".to_owned(), next_run: 0 }];
        Ok(Sight { at: cx.now().as_second(), suspended, timetable, ..Sight::default() })
    }

    async fn run(&self, cx: &Context, site: &Name, _lane: Lane, _kills: &BTreeMap<String, u32>) -> Ran {
        let mut ran = Ran::begun(cx);
        *self.runs.lock().unwrap().entry(site.clone()).or_default() += 1;
        {
            let mut at_work = self.at_work.lock().unwrap();
            at_work.0 += 1;
            at_work.1 = at_work.1.max(at_work.0);
        }
        let takes =
            if self.stuck.contains(site) { Duration::from_hours(9) } else { Duration::from_millis(500) };
        tokio::select! {
            () = cx.cancel.cancelled() => ran.outcome = Outcome::Interrupted,
            () = tokio::time::sleep(takes) => {}
        }
        self.at_work.lock().unwrap().0 -= 1;
        ran.took = takes;
        ran
    }

    async fn clear_up(&self, _cx: &Context) {}

    async fn revive(&self, _cx: &Context, _server: &Name) {}

    fn started(&self, _site: &Name, _lane: Lane, late: Duration) {
        let mut worst = self.late.lock().unwrap();
        *worst = late.max(*worst);
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Reporter for Notes {
    fn event(&self, event: &Event) {
        if let Event::Note { text } = event {
            self.0.lock().unwrap().push(text.clone());
        }
    }
}

struct Scene {
    cx: Context,
    notes: Arc<Notes>,
    _directory: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let notes = Arc::new(Notes::default());
        let paths = Paths {
            state: path.clone(),
            run: path.join("run"),
            cache: path.join("cache"),
            store: path.join("store"),
        };
        let machine = Machine::default();
        let cx = Context {
            paths: Arc::new(paths),
            store: Arc::new(Store::in_memory().unwrap()),
            cancel: CancellationToken::new(),
            reporter: notes.clone(),
            limits: Limits::for_machine(&machine),
            machine: Arc::new(machine),
        };
        Self { cx, notes, _directory: directory }
    }

    async fn run(&self, world: &Arc<Pretended>, long: Duration) {
        self.run_with(world, long, std::future::pending()).await;
    }

    async fn run_with(&self, world: &Arc<Pretended>, long: Duration, beside: impl Future<Output = ()>) {
        let settings = Settings {
            fleet: "test".to_owned(),
            rules: Cron::default(),
            budget: Budget { scheduled: 4, adhoc: 1, long: 1 },
        };
        let stop = async {
            tokio::time::sleep(long).await;
            self.cx.cancel.cancel();
        };
        let beside = async {
            tokio::pin!(beside);
            tokio::select! { () = beside => {}, () = self.cx.cancel.cancelled() => {} }
        };
        let work = run(&self.cx, world.clone(), settings, |_| {});
        let (ended, (), ()) = tokio::join!(work, stop, beside);
        ended.unwrap();
    }

    fn notes(&self) -> Vec<String> {
        self.notes.0.lock().unwrap().clone()
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn world(sites: usize) -> Pretended {
    let sites = (0..sites).map(|n| (name(&format!("s{n}")), name(if n % 2 == 0 { "even" } else { "odd" })));
    Pretended { sites: sites.collect(), ..Pretended::default() }
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn two_hundred_sites_run_once_a_minute_and_a_stuck_one_holds_up_nobody() {
    let scene = Scene::new();
    let mut world = world(200);
    world.stuck.insert(name("s7"));
    let world = Arc::new(world);
    scene.run(&world, Duration::from_mins(20)).await;
    for site in (0..200).filter(|n| *n != 7) {
        let runs = world.runs(&format!("s{site}"));
        assert!((18..=20).contains(&runs), "s{site}: {runs}");
    }
    assert_eq!(world.runs("s7"), 1);
    let (left, most) = *world.at_work.lock().unwrap();
    assert_eq!(left, 0, "all have ended");
    assert!(most <= 5, "{most}");
    // A slot is half a second; the promise is a period and a slot.
    assert!(*world.late.lock().unwrap() <= Duration::from_millis(1_500), "{:?}", world.late);
    let metrics = std::fs::read_to_string(scene.cx.paths.metrics().join("cron.prom")).unwrap();
    assert!(metrics.contains("provost_cron_capacity_sites{fleet=\"test\"} 480"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_site_is_asked_less_and_less_and_the_others_do_not_notice() {
    let scene = Scene::new();
    let mut world = world(20);
    world.broken.insert(name("s3"));
    world.suspended.insert(name("s4"));
    let world = Arc::new(world);
    scene.run(&world, HOUR).await;
    let looks = world.looks.lock().unwrap()[&name("s3")];
    assert!((4..=10).contains(&looks), "{looks}");
    assert_eq!((world.runs("s3"), world.runs("s4")), (0, 0));
    assert!(world.runs("s5") >= 58);
    let about: Vec<String> = scene.notes().into_iter().filter(|note| note.starts_with("s3:")).collect();
    assert!(about[0].contains("its cron does not run: its database cannot be read"), "{about:?}");
    let records = record::read(&scene.cx).unwrap();
    assert_eq!(records[&name("s4")].suspended.as_deref(), Some("the site is in maintenance"));
    assert!(records[&name("s3")].broken.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_asked_by_one_and_work_goes_on_when_it_is_back() {
    let scene = Scene::new();
    let world = Arc::new(world(40));
    let beside = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        world.down.lock().unwrap().insert(name("odd"));
        tokio::time::sleep(Duration::from_mins(20)).await;
        world.down.lock().unwrap().clear();
        std::future::pending::<()>().await;
    };
    scene.run_with(&world, HOUR, beside).await;
    let looks = world.looks.lock().unwrap()[&name("s1")];
    assert!(looks < 50, "a server that is down is not asked by each of its sites every time: {looks}");
    assert!(world.runs("s0") >= 58, "the other server's sites do not notice: {}", world.runs("s0"));
    assert!((36..=41).contains(&world.runs("s1")), "{}", world.runs("s1"));
    let notes = scene.notes();
    let count = |text: &str| notes.iter().filter(|note| note.contains(text)).count();
    assert_eq!((count("waits for it"), count("answers again")), (1, 1), "{notes:?}");
}

#[tokio::test]
async fn there_is_one_scheduler() {
    let scene = Scene::new();
    let _lease = Lease::take(&scene.cx, LEASE).await.unwrap();
    let settings = Settings { fleet: "test".to_owned(), rules: Cron::default(), budget: Budget::of(4) };
    let second = run(&scene.cx, Arc::new(world(1)), settings, |_| {}).await;
    assert!(matches!(second, Err(CronError::Already { .. })));
}
