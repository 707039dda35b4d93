//! Why a backup did not get there.

use std::fmt;

use provost_moodle::mbz::ContentHash;

use crate::ends::EndError;

/// One end of a transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where courses are taken from.
    Source,
    /// Where they are brought.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Why a backup did not get there.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The connection broke. What arrived stays, and is not moved again.
    #[error("the connection to the {side}'s host broke: {why}")]
    Broken {
        /// Which.
        side: Side,
        /// What was seen.
        why: String,
    },
    /// The disk where backups arrive has no room. What arrived stays.
    #[error("no room at the target: {} are needed in `{place}`, {} are free", bytes(*needed), bytes(*free))]
    NoRoom {
        /// Where.
        place: String,
        /// Bytes that are still to come; 0 where nobody knows.
        needed: u64,
        /// Bytes that were free.
        free: u64,
    },
    /// The backup refers to a content that the source has lost.
    #[error("the source has lost the content {hash}{}", names(named))]
    Lost {
        /// Which.
        hash: ContentHash,
        /// Files that are made of it, as the backup names them; a few.
        named: Vec<String>,
    },
    /// A content's bytes are not what its name says.
    #[error("the {side}'s content {hash} is damaged{}", names(named))]
    Damaged {
        /// Where it is damaged.
        side: Side,
        /// Which.
        hash: ContentHash,
        /// Files that are made of it, as the backup names them; a few.
        named: Vec<String>,
    },
    /// The backup at the source is not what was announced, or changed while it was read.
    #[error("the backup is not what it was: {0}")]
    Changed(String),
    /// The backup is not one that anybody should restore.
    #[error("the backup is refused: {0}")]
    Refused(String),
    /// A file or directory cannot be read or written.
    #[error("cannot {what} at the {side}")]
    Files {
        /// Where.
        side: Side,
        /// What was tried, with the path.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A host cannot be used: it refuses us, or lacks what is needed there.
    #[error("the {side}'s host cannot be used: {why}")]
    Host {
        /// Which.
        side: Side,
        /// What is wrong.
        why: String,
    },
    /// The command was ended. What arrived stays.
    #[error("interrupted")]
    Interrupted,
}

/// Bytes for people.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = None;
    let mut scaled = count;
    for next in UNITS {
        if scaled < 10_240 {
            break;
        }
        scaled /= 1024;
        unit = Some(next);
    }
    unit.map_or_else(|| format!("{count} bytes"), |unit| format!("{scaled} {unit}"))
}

fn names(named: &[String]) -> String {
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}

impl From<TransportError> for EndError {
    fn from(error: TransportError) -> Self {
        let what = error.to_string();
        match error {
            TransportError::Broken { .. } => Self::passing(what),
            TransportError::Lost { .. } | TransportError::Damaged { .. } | TransportError::Refused(_) => {
                Self::course(what)
            }
            // The next backup is a new one, and what was read of this one is not kept.
            TransportError::Changed(_) => Self::passing(what),
            TransportError::NoRoom { .. } | TransportError::Host { .. } => Self::platform(what),
            TransportError::Files { source, .. } => Self::passing_because(what, source),
            TransportError::Interrupted => Self::Interrupted,
        }
    }
}
