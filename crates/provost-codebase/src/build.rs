//! Builds: one immutable directory per tree id, made of hard links into the store.
//!
//! A build is complete or absent. It is made in `.assembling-TREE-PID` beside its place, checked, made read-only and
//! renamed. Nothing edits it afterwards; only `config.php`, which is outside the tree hash and the same in every build, is
//! replaced when a later Provost brings another one.
//!
//! Beside the builds lie `.locks/TREE`, held by who works on one, and `.records/TREE.json` and `.records/TREE.files`: what it
//! is made of, and what its files were when it was made.

mod assemble;
mod compare;
mod error;
mod hook;
mod inspect;
mod leftovers;
mod links;
mod locked;
mod mend;
mod php_files;
mod plan;
mod recipe;
mod record;
mod rehash;
mod repair;
mod spread;
mod stamps;
mod verify;
mod walk;

pub(crate) use assemble::blocking;
pub use assemble::{Assembled, assemble, assemble_for};
pub use compare::{FileDiff, Versions, diff_files, read_versions};
pub use error::BuildError;
pub use hook::refresh_hook;
pub use inspect::{Aspect, Damage, Depth, Verified, What, verify};
pub(crate) use leftovers::{free_leftovers, lock_build, remove_free_leftovers, try_lock_build};
pub use leftovers::{has_leftover, remove_build};
pub(crate) use links::stays_inside;
pub use locked::{assemble_locked, list_locked};
pub use php_files::php_files;
pub use plan::TreePlan;
pub use recipe::{Part, Recipe};
pub use record::{BuildRecord, KnownBuild, Origin, list_builds, note_use, read_record};
pub(crate) use record::{changed_at, orphaned_records, remove_records, trees};
pub use repair::{Mended, Repaired, repair};
pub use verify::{Hook, Shallow, verify_shallow};

/// Mode of a build's directories: nobody writes, not even we.
pub(crate) const SEALED: u32 = 0o555;

/// Mode of a build's `config.php`.
pub(crate) const HOOK_MODE: u32 = 0o444;

/// The file that is outside the tree hash, and the same in every build.
pub(crate) const HOOK_NAME: &str = "config.php";

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod scene;
