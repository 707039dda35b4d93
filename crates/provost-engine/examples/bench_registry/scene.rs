//! The session, and what is done with it: each in a process of its own, as commands and workers are.

use std::time::{Duration, Instant};

use camino::Utf8Path;
use jiff::Timestamp;
use provost_engine::registry::{
    Claiming, Command, Findings, NewSession, NewUnit, Phase, PostgresAddress, PostgresRegistry, Query,
    Registry, Report, Selection, SessionId, SessionOrder, SqliteRegistry, State, Then,
};
use provost_engine::store::OperationId;
use serde_json::json;

use crate::Result;

/// Units that are added at a time.
const BATCH: i64 = 5000;

/// Units of a page.
const PAGE: u32 = 1000;

/// Every so many units one waits for a person: there is something to filter by.
const PARKED: usize = 400;

/// A session that runs.
pub(crate) struct Scene {
    /// `sqlite:FILE`, or `postgresql:DIRECTORY` of a socket.
    pub(crate) place: String,
    pub(crate) session: SessionId,
    /// How long the draft took, in seconds.
    pub(crate) draft_s: f64,
}

async fn open(place: &str) -> Result<Box<dyn Registry>> {
    match place.split_once(':') {
        Some(("sqlite", path)) => Ok(Box::new(SqliteRegistry::open(Utf8Path::new(path))?)),
        Some((_, host)) => {
            let address = PostgresAddress {
                host: host.to_owned(),
                port: None,
                user: "registry".to_owned(),
                password: None,
                database: "postgres".to_owned(),
            };
            Ok(Box::new(PostgresRegistry::open(&address).await?))
        }
        None => Err(format!("`{place}` is no registry").into()),
    }
}

impl Scene {
    /// Makes the session and its units.
    pub(crate) async fn draft(place: &str, units: i64) -> Result<Self> {
        let registry = open(place).await?;
        let begun = Instant::now();
        let new = NewSession {
            name: "bench".to_owned(),
            actor: "bench".to_owned(),
            declared: json!({}),
            orders: json!({}),
        };
        let session = registry.draft(&new, Timestamp::now()).await?;
        let mut from = 0;
        while from < units {
            let batch: Vec<NewUnit> = (from..units.min(from + BATCH)).map(unit).collect();
            registry.add(session, &batch).await?;
            from += BATCH;
        }
        registry.order(session, SessionOrder::Run).await?;
        let draft_s = begun.elapsed().as_secs_f64();
        let parked = Selection::Units((0..units).step_by(PARKED).collect());
        registry.command(session, &parked, &Command::Park, "bench", Timestamp::now()).await?;
        Ok(Self { place: place.to_owned(), session, draft_s })
    }
}

/// A course like others: sizes are skewed, facts as long as they are in earnest.
fn unit(seq: i64) -> NewUnit {
    #[expect(clippy::cast_precision_loss, reason = "a duration")]
    let seconds = 5.0 + 90_000.0 / ((seq * 7919 % 10_007) as f64 + 10.0);
    NewUnit {
        seq,
        subject: format!("course/{}", seq + 17),
        label: format!("SHORT-{seq:06}"),
        goal: Phase::Prove,
        priority: 0,
        predicted_s: seconds,
        upper_s: seconds * 1.6,
        bytes: seq * 7919 % 100_000_007,
        source_id: Some(seq + 17),
        facts: json!({
            "category": "/Faculty of Letters/Department of History/2024", "activities": seq % 90, "users": seq % 400,
            "logs": seq % 30_000, "files": seq % 700, "place": "/Archives/2024/Faculty of Letters/Department of History",
        }),
    }
}

fn session(argument: &str) -> Result<SessionId> {
    Ok(OperationId(argument.parse()?))
}

/// What `archive status` asks, from a new connection on. Prints seconds and the peak of memory.
pub(crate) async fn status(arguments: &[String]) -> Result<()> {
    let [place, id] = arguments else { return Err("REGISTRY SESSION".into()) };
    let begun = Instant::now();
    let registry = open(place).await?;
    let session = registry.session(session(id)?).await?.ok_or("no session")?;
    let totals = registry.totals(session.id).await?;
    let owners = registry.owners(session.id).await?;
    let failed = Query { states: vec![State::Failed, State::Parked], limit: 20, ..Query::default() };
    let failed = registry.page(session.id, &failed).await?;
    let took = begun.elapsed().as_secs_f64();
    if totals.units() == 0 || failed.units.is_empty() || owners.len() > 8 {
        return Err("that is not the session".into());
    }
    println!("{took} {}", peak_mb()?);
    Ok(())
}

/// Every unit, page by page. Prints seconds of it all, of the first page, of the slowest one, and the peak of memory.
pub(crate) async fn list(arguments: &[String]) -> Result<()> {
    let [place, id] = arguments else { return Err("REGISTRY SESSION".into()) };
    let (registry, session) = (open(place).await?, session(id)?);
    let mut query = Query { limit: PAGE, ..Query::default() };
    let mut pages = Vec::new();
    loop {
        let begun = Instant::now();
        let page = registry.page(session, &query).await?;
        pages.push(begun.elapsed().as_secs_f64());
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let slowest = pages.iter().copied().fold(0.0, f64::max);
    println!("{} {} {slowest} {}", pages.iter().sum::<f64>(), pages.first().unwrap_or(&0.0), peak_mb()?);
    Ok(())
}

/// A worker: claims a unit, ends a phase, lets it go, again and again. Prints how many claims, seconds, and the peak of memory.
pub(crate) async fn claim_for_a_while(arguments: &[String]) -> Result<()> {
    let [place, id, name, seconds] = arguments else { return Err("REGISTRY SESSION NAME SECONDS".into()) };
    let (registry, session) = (open(place).await?, session(id)?);
    let (begun, long) = (Instant::now(), Duration::from_secs_f64(seconds.parse()?));
    let mut claims = 0_u64;
    while begun.elapsed() < long {
        let now = Timestamp::now();
        // Only the first phase: there are more units in it than can be taken.
        let asked = Claiming {
            phases: vec![Phase::Prepare],
            ..Claiming::any(name.as_str(), now, Duration::from_mins(10))
        };
        let Some(claim) = registry.claim(session, &asked).await? else {
            return Err("nothing is left".into());
        };
        claims += 1;
        let report = Report { now, evidence: "seen".to_owned(), seconds: 1.0, findings: Findings::default() };
        registry.finish(&claim.held, Phase::Prepare, &report, Then::LetGo { not_before: None }).await?;
    }
    println!("{claims} {} {}", begun.elapsed().as_secs_f64(), peak_mb()?);
    Ok(())
}

/// The most memory that this process ever had, in MB.
fn peak_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.split_whitespace().nth(1).ok_or("no VmHWM")?.parse()?;
    Ok(kib / 1024.0)
}
