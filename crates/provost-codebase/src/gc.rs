//! Removing what nobody needs any more: builds, and the files of the store that only they had. Plan, show, do.
//!
//! A build is needed when a site's `code` link leads to it, or when the caller says so: the lock names it, a snapshot holds
//! it. A file of the store is needed when a build of any fleet links it, which its number of links tells; it is looked at
//! while the store's lock is held alone, so that nobody is about to link what goes. Where builds lie on another file system
//! than the store they are copies, and what the lists of their files name stays.
//!
//! Of the caches goes what nobody has used for long and nobody needs ([`stale_caches`]).
//!
//! Every single removal leaves all others whole: a collection that was ended early is finished by the next one.

mod caches;
mod execute;
mod plan;
mod sweep;

pub use caches::{ClearedCaches, StaleCaches, clear_caches, stale_caches};
pub use execute::{Collected, Skipped, gc_execute};
pub use plan::{Doomed, GcPlan, Kept, gc_plan, own_bytes, trees_of_sites};

#[cfg(test)]
mod crowd;
#[cfg(test)]
mod tests;
