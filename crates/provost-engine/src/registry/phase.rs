//! The phases of a unit.

use serde::{Deserialize, Serialize};

/// A phase, in the order in which a unit goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Looked at; nothing is written at the source.
    Prepare,
    /// Backed up at the source.
    Backup,
    /// Brought to the target.
    Transport,
    /// Restored at the target, hidden.
    Restore,
    /// Made what was asked for at the target.
    PostProcess,
    /// Compared with the source; gives the receipt.
    Prove,
    /// The source hidden. Needs a receipt.
    Hide,
    /// The source deleted. Needs a receipt and an approval.
    Delete,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 8] = [
        Self::Prepare,
        Self::Backup,
        Self::Transport,
        Self::Restore,
        Self::PostProcess,
        Self::Prove,
        Self::Hide,
        Self::Delete,
    ];

    /// The word that stands in the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Backup => "backup",
            Self::Transport => "transport",
            Self::Restore => "restore",
            Self::PostProcess => "post_process",
            Self::Prove => "prove",
            Self::Hide => "hide",
            Self::Delete => "delete",
        }
    }

    /// The phase of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.word() == word)
    }

    /// The one after it, if there is one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| *phase > self)
    }

    /// Whether a unit may be in it only with a receipt.
    pub const fn needs_receipt(self) -> bool {
        matches!(self, Self::Hide | Self::Delete)
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
