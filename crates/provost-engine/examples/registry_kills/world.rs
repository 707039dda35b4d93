//! What the units of the trial are, and what workers leave in the world: lines of a file, outside the registry.

use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8Path;
use provost_engine::registry::{
    Failure, NewUnit, Phase, PostgresAddress, PostgresRegistry, Receipt, Registry, Seq, SqliteRegistry,
    Verifier,
};

use super::Result;

/// Which database is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgresql,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "postgresql" => Ok(Self::Postgresql),
            other => Err(format!("`{other}` is neither `sqlite` nor `postgresql`")),
        }
    }
}

/// Opens the registry that an argument names: `sqlite:FILE`, or `postgresql:DIRECTORY` of a socket.
pub(crate) async fn open(place: &str) -> Result<Box<dyn Registry>> {
    match place.split_once(':') {
        Some(("sqlite", path)) => Ok(Box::new(SqliteRegistry::open(Utf8Path::new(path))?)),
        Some(("postgresql", host)) => {
            let address = PostgresAddress {
                host: host.to_owned(),
                port: None,
                user: "registry".to_owned(),
                password: None,
                database: "postgres".to_owned(),
            };
            Ok(Box::new(PostgresRegistry::open(&address).await?))
        }
        _ => Err(format!("`{place}` is no registry").into()),
    }
}

/// A unit. Every third is to be hidden, every third deleted.
pub(crate) fn unit(seq: Seq) -> NewUnit {
    let goals = [Phase::Prove, Phase::Hide, Phase::Delete];
    #[expect(clippy::cast_precision_loss, reason = "a duration")]
    let seconds = (seq % 17) as f64;
    NewUnit {
        seq,
        subject: format!("course/{seq}"),
        label: format!("C{seq}"),
        goal: goals.into_iter().cycle().nth(usize::try_from(seq % 3).unwrap_or(0)).unwrap_or(Phase::Prove),
        priority: i32::from(seq % 41 == 0),
        predicted_s: seconds,
        upper_s: seconds * 1.5,
        bytes: seq * 10,
        source_id: Some(seq),
        facts: serde_json::Value::Null,
    }
}

/// Whether a phase of a unit never succeeds.
pub(crate) fn is_poison(unit: Seq, phase: Phase) -> bool {
    unit % 53 == 13 && phase == Phase::Restore
}

/// Whether a phase of a unit kills who works on it.
pub(crate) fn is_deadly(unit: Seq, phase: Phase) -> bool {
    unit % 89 == 17 && phase == Phase::Backup
}

/// How often a poisoned phase is tried.
pub(crate) const TRIES: i32 = Failure::TRIES;

/// A key that signs by writing its name after the body.
pub(crate) struct Key;

impl Verifier for Key {
    fn key_id(&self) -> String {
        "key".to_owned()
    }

    fn verifies(&self, body: &[u8], signature: &[u8]) -> bool {
        signature == sign(body)
    }
}

fn sign(body: &[u8]) -> Vec<u8> {
    [body, b" by key"].concat()
}

/// The receipt of a unit.
pub(crate) fn receipt(unit: Seq) -> Result<Receipt> {
    let body = format!("unit {unit} arrived");
    let signature = sign(body.as_bytes());
    Ok(Receipt::verified(body, signature, &Key)?)
}

/// What a worker was about to do or had done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It begins with a phase.
    Begins,
    /// The registry has told it that the phase is recorded as finished.
    Recorded,
}

/// One line of the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Nanoseconds since 1970, of this machine's one clock.
    pub(crate) at: u128,
    pub(crate) deed: Deed,
    pub(crate) unit: Seq,
    pub(crate) phase: Phase,
    pub(crate) fence: i64,
}

impl Line {
    /// Writes it: whole lines reach a file that is appended to, or nothing does.
    pub(crate) fn append(path: &Path, deed: Deed, unit: Seq, phase: Phase, fence: i64) -> Result<()> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let word = if deed == Deed::Begins { "begins" } else { "recorded" };
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(format!("{at} {word} {unit} {phase} {fence}\n").as_bytes())?)
    }

    pub(crate) fn read_all(path: &Path) -> Result<Vec<Self>> {
        let text = std::fs::read_to_string(path)?;
        text.lines().map(|line| Self::read(line).ok_or_else(|| format!("line `{line}`").into())).collect()
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self {
            at: words.next()?.parse().ok()?,
            deed: if words.next()? == "begins" { Deed::Begins } else { Deed::Recorded },
            unit: words.next()?.parse().ok()?,
            phase: Phase::parse(words.next()?)?,
            fence: words.next()?.parse().ok()?,
        })
    }
}
