//! Checks over the whole file: names that must exist, and things that two sites cannot share.

pub(crate) mod archives;
mod clashes;
mod databases;
mod dataroots;
mod profiles;
mod references;
mod serving;
mod templates;

use crate::Ground;
use crate::diagnostic::Sink;
use crate::read::Draft;

/// Runs every check.
pub(crate) fn check(draft: &Draft, ground: &Ground<'_>, sink: &Sink) {
    references::check(draft, sink);
    templates::check(draft, sink);
    profiles::check(draft, sink);
    clashes::check(draft, sink);
    databases::check(draft, sink);
    dataroots::check(draft, ground, sink);
    serving::check(draft, sink);
    archives::check(draft, sink);
}
