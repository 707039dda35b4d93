//! The lock: what each codebase's declaration was resolved to. Written by Provost, kept in git beside the fleet file.

mod field;
mod parts;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use provost_moodle::component::Component;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::model::{Codebase, Fleet};
use crate::name::Name;

pub use parts::{LockedMoodle, LockedPatch, LockedPlugin, LockedSource, LockedSubmodule};

/// Version of the lock's form.
const VERSION: u32 = 1;

/// `fleet.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// By the codebase's name.
    pub codebases: BTreeMap<Name, LockedCodebase>,
}

/// A codebase, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedCodebase {
    /// Digest of the declaration it was resolved from; another one means that the entry is stale.
    pub declared: Digest,
    /// Git's tree id of the assembled build: 40 hexadecimal digits.
    #[serde(deserialize_with = "field::object")]
    pub tree: String,
    /// Moodle itself.
    pub moodle: LockedMoodle,
    /// Plugins by component.
    #[serde(default)]
    pub plugins: BTreeMap<Component, LockedPlugin>,
    /// Plugins that come with Moodle and are taken out: by component, their directory from the top of the tree.
    #[serde(default, deserialize_with = "field::insides")]
    pub absent: BTreeMap<Component, String>,
    /// Patches, in the order in which they are applied.
    #[serde(default)]
    pub patches: Vec<LockedPatch>,
}

/// What a lock knows of a codebase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockStatus<'a> {
    /// Nothing.
    Missing,
    /// Another declaration.
    Stale,
    /// This one.
    Current(&'a LockedCodebase),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(default)]
    codebase: BTreeMap<Name, LockedCodebase>,
}

/// The digest of a declaration, by which a lock's entry is known to be of it.
pub fn declaration_digest(codebase: &Codebase) -> Digest {
    Digest::of(&serde_json::to_vec(codebase).unwrap_or_default())
}

/// What is wrong with a lock that says at its top that it has another version.
fn other_version(text: &str) -> Option<Diagnostic> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take_while(|line| !line.starts_with('[')) {
        let number = line.strip_prefix("version").and_then(|rest| rest.trim_start().strip_prefix('='));
        if let Some(version) = number.and_then(|number| number.trim().parse::<u32>().ok()) {
            return (version != VERSION).then(|| unknown_version(at..at + line.trim_end().len(), version));
        }
        at += line.len();
    }
    None
}

fn unknown_version(span: std::ops::Range<usize>, version: u32) -> Diagnostic {
    let fault =
        Diagnostic::error(span, format!("the lock has version {version}, this Provost knows {VERSION}"));
    match version > VERSION {
        true => fault.hint("a later Provost wrote it: use that one, or a later one, for this fleet"),
        false => fault,
    }
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// When it is not what [`Lock::to_toml`] writes, with the place.
    pub fn parse(path: &str, text: &str) -> Result<Self, Diagnostics> {
        let wrong = |fault| Diagnostics::one(path, text, fault);
        if let Some(at) = conflict(text) {
            let fault = Diagnostic::error(at..at + 7, "the lock holds a merge conflict");
            return Err(wrong(
                fault.hint("take either side, then run `provost apply`: it resolves what is stale"),
            ));
        }
        // Before all else: a later one may well hold what we do not know.
        if let Some(fault) = other_version(text) {
            return Err(wrong(fault));
        }
        let written: Written = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let first = error.message().lines().next().unwrap_or("not a lock").to_owned();
            wrong(
                Diagnostic::error(span, first).hint("the lock is written by provost; take it back from git"),
            )
        })?;
        if written.version != VERSION {
            return Err(wrong(unknown_version(0..0, written.version)));
        }
        Ok(Self { codebases: written.codebase })
    }

    /// What is written: stable bytes, one line per fact, so that git shows what moved.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# Written by provost: which commits the fleet file was resolved to. Keep it in git; do not edit it.\n",
        );
        text.push_str(&format!("version = {VERSION}\n"));
        for (name, codebase) in &self.codebases {
            let LockedCodebase { declared, tree, patches, .. } = codebase;
            section(&mut text, &format!("codebase.{name}"), &Head { declared, tree, patches });
            let mut moodle = codebase.moodle.clone();
            let submodules = std::mem::take(&mut moodle.submodules);
            part(&mut text, &format!("codebase.{name}.moodle"), &moodle, &submodules);
            for (component, plugin) in &codebase.plugins {
                let mut plugin = plugin.clone();
                let submodules = std::mem::take(&mut plugin.submodules);
                part(&mut text, &format!("codebase.{name}.plugins.{component}"), &plugin, &submodules);
            }
            if !codebase.absent.is_empty() {
                section(&mut text, &format!("codebase.{name}.absent"), &codebase.absent);
            }
        }
        text
    }

    /// What is known of a declared codebase.
    pub fn status(&self, fleet: &Fleet, name: &Name) -> LockStatus<'_> {
        match (self.codebases.get(name), fleet.codebases.get(name)) {
            (Some(locked), Some(declared)) if locked.declared == declaration_digest(declared) => {
                LockStatus::Current(locked)
            }
            (Some(_), _) => LockStatus::Stale,
            (None, _) => LockStatus::Missing,
        }
    }

    /// Digest of the whole lock.
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_toml().as_bytes())
    }
}

#[derive(Serialize)]
struct Head<'a> {
    declared: &'a Digest,
    tree: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    patches: &'a [LockedPatch],
}

/// A part and, in sections of their own, its submodules.
fn part(
    text: &mut String,
    header: &str,
    of: &impl Serialize,
    submodules: &BTreeMap<String, LockedSubmodule>,
) {
    section(text, header, of);
    for (path, submodule) in submodules {
        // A path needs quotes, and its own quotes and backslashes their escapes: as a value of TOML, as a key.
        let key = toml::Value::String(path.clone());
        section(text, &format!("{header}.submodules.{key}"), submodule);
    }
}

fn section(text: &mut String, header: &str, of: &impl Serialize) {
    // Structs of texts always serialise.
    let body = toml::to_string(of).unwrap_or_default();
    write!(text, "\n[{header}]\n{body}").ok();
}

/// Where a conflict marker of git's begins.
fn conflict(text: &str) -> Option<usize> {
    let markers = ["<<<<<<<", "=======", ">>>>>>>"];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if markers.iter().any(|marker| line.starts_with(marker)) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests;
