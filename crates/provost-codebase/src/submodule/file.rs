//! Reads `.gitmodules`.

use std::collections::BTreeMap;

use super::{LONGEST_FILE, SubmoduleError};
use crate::git::{Git, Source};
use crate::object::ObjectId;

/// What `.gitmodules` says, by name of the submodule. `update = !command`, `ignore` and all else that is for checkouts is
/// not kept.
#[derive(Debug, Default)]
pub(super) struct Declarations(BTreeMap<String, Entry>);

#[derive(Debug, Default)]
struct Entry {
    path: Option<String>,
    url: Option<String>,
    branch: Option<String>,
}

/// What is said of one submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) url: String,
    pub(super) branch: Option<String>,
}

impl Declarations {
    pub(super) async fn read(git: &Git, source: &Source, commit: ObjectId) -> Result<Self, SubmoduleError> {
        let failed = |why: String| SubmoduleError::File { repository: source.to_string(), why };
        match git.config_of(source, commit, ".gitmodules", LONGEST_FILE).await? {
            Ok(text) => Ok(Self::parse(&text)),
            Err(why) => Err(failed(why)),
        }
    }

    /// Reads what `git config --list -z` writes: `KEY\nVALUE\0`.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut all: BTreeMap<String, Entry> = BTreeMap::new();
        for line in text.split(|byte| *byte == 0) {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some((key, value)) = line.split_once('\n') else { continue };
            let Some((name, word)) = key.strip_prefix("submodule.").and_then(|rest| rest.rsplit_once('.'))
            else {
                continue;
            };
            // As in a work tree's configuration, what comes later wins.
            let entry = all.entry(name.to_owned()).or_default();
            match word {
                "path" => entry.path = Some(value.trim_end_matches('/').to_owned()),
                "url" => entry.url = Some(value.to_owned()),
                "branch" => entry.branch = Some(value.to_owned()),
                _ => {}
            }
        }
        Self(all)
    }

    /// What is said of the submodule at a path.
    pub(super) fn at(&self, repository: &str, path: &str) -> Result<Declared, SubmoduleError> {
        let (repository, path) = (repository.to_owned(), path.to_owned());
        let mut found: Option<Declared> = None;
        for (name, entry) in self.0.iter().filter(|(_, entry)| entry.path.as_ref() == Some(&path)) {
            // Git would make a directory of this name. We make none; but who writes this means harm.
            if name.split(['/', '\\']).any(|part| part == "..") {
                let why = format!("a submodule has the name `{name}`");
                return Err(SubmoduleError::File { repository, why });
            }
            let Some(url) = entry.url.clone() else { continue };
            if found.as_ref().is_some_and(|other| other.url != url) {
                return Err(SubmoduleError::Ambiguous { repository, path });
            }
            found = Some(Declared { url, branch: entry.branch.clone().filter(|name| is_branch(name)) });
        }
        found.ok_or(SubmoduleError::NotDeclared { repository, path })
    }
}

/// Whether a branch can be asked for. `.` means the parent's branch, which says nothing here; what git would take for a
/// pattern or an option is no branch.
fn is_branch(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/+-@#=,%!".contains(c);
    !name.is_empty()
        && name.len() <= 200
        && name.chars().all(plain)
        && !name.starts_with(['-', '/'])
        && !name.ends_with(['/', '.'])
        && !["..", "//", "@{"].iter().any(|bad| name.contains(bad))
        && !name.split('/').any(|part| part.starts_with('.') || part.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<Declared, String> {
        Declarations::parse(text.replace('|', "\0").as_bytes())
            .at("h/x", "lib/a")
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_entry_of_a_path_is_found() {
        let one = at("submodule.a.b.path\nlib/a/|submodule.a.b.url\n../a.git|submodule.a.b.branch\nstable")
            .unwrap();
        assert_eq!(one, Declared { url: "../a.git".to_owned(), branch: Some("stable".to_owned()) });
        let commands =
            "submodule.a.path\nlib/a|submodule.a.url\nu|submodule.a.update\n!rm -rf /|submodule.a.branch\n.";
        assert_eq!(at(commands).unwrap(), Declared { url: "u".to_owned(), branch: None });
        // Two names for one thing are nothing to complain about.
        at("submodule.a.path\nlib/a|submodule.a.url\nu|submodule.b.path\nlib/a|submodule.b.url\nu").unwrap();
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        insta::assert_snapshot!(at("submodule.a.path\nlib/b|submodule.a.url\nu").unwrap_err(), @"h/x has a git submodule at `lib/a`, but its .gitmodules does not say where that comes from");
        insta::assert_snapshot!(at("submodule.a.path\nlib/a|submodule.a.url").unwrap_err(), @"h/x has a git submodule at `lib/a`, but its .gitmodules does not say where that comes from");
        insta::assert_snapshot!(at("submodule.a.path\nlib/a|submodule.a.url\nu|submodule.b.path\nlib/a|submodule.b.url\nv").unwrap_err(), @"the .gitmodules of h/x gives two URLs for `lib/a`");
        insta::assert_snapshot!(at("submodule.../../x.path\nlib/a|submodule.../../x.url\nu").unwrap_err(), @"the .gitmodules of h/x cannot be used: a submodule has the name `../../x`");
    }

    #[test]
    fn branches_are_plain_names() {
        for name in ["stable", "MOODLE_405_STABLE", "feature/x-1", "v1.2"] {
            assert!(is_branch(name), "{name}");
        }
        for name in [
            "",
            ".",
            "-x",
            "--upload-pack=x",
            "a:b",
            "a*",
            "a..b",
            "a b",
            "/a",
            "a/.b",
            "a.lock",
            "+",
            "@{u}",
        ] {
            assert_eq!(is_branch(name), name == "+", "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            drop(Declarations::parse(&bytes).at("x", "y"));
        }
    }
}
