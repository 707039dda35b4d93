//! Codebases: from "Moodle 5.0 and these plugins" to one immutable directory on disk.
//!
//! | module | what it does |
//! |---|---|
//! | [`git`] | everything that runs the git program: references, downloads, objects |
//! | [`download`] | zips and the catalogue, over HTTP, kept in the cache |
//! | [`import`] | zips and directories, as git trees |
//! | [`resolve`] | from what the fleet file declares to commits and a tree id, without a checkout |
//! | [`submodule`] | the other repositories that a commit names |
//! | [`patch`] | changes of our own, laid over a list of files |
//! | [`store`] | files by their git blob id, written once, linked often |
//! | [`build`] | assembles a tree out of the store, complete or absent |
//! | [`gc`] | removes builds that nobody needs, and their files |
//! | [`kind_build`] | the kind `build`: what the reconcile engine sees of it |
//!
//! Invariants: a build is assembled aside, checked and renamed into place; nothing ever opens a file of the store for
//! writing; what a build contains is named by git's own tree id, which is computed twice, from trees and from files,
//! and must be equal.

pub mod build;
pub mod changes;
pub mod download;
pub mod flock;
pub mod gc;
pub mod git;
pub mod import;
pub mod kind_build;
pub mod object;
pub mod patch;
pub mod resolve;
pub mod store;
pub mod submodule;

#[cfg(test)]
mod testing;
