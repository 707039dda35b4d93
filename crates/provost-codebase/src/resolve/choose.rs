//! Finding what a plugin's declaration means among the references of its repository.

use std::collections::BTreeMap;

use provost_fleet::model::GitAt;
use provost_moodle::component::Component;
use provost_moodle::refs::Refs;

use super::ResolveCause;

/// How many names an error offers.
const OFFERED: usize = 3;

/// A reference and its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// `refs/tags/v1`, `refs/heads/main`, or the commit itself.
    pub(super) reference: String,
    /// The commit's id, as the repository wrote it.
    pub(super) commit: String,
}

/// Finds a plugin's reference.
pub(super) fn choose(
    component: &Component,
    repository: &str,
    at: &GitAt,
    refs: &Refs,
) -> Result<Chosen, ResolveCause> {
    let missing = |what: String, nearest: String| ResolveCause::NoReference {
        component: component.clone(),
        repository: repository.to_owned(),
        what,
        nearest,
    };
    let find = |word: &str, place: &str, among: &BTreeMap<String, String>, name: &str| {
        let commit = among.get(name).cloned();
        let commit = commit.ok_or_else(|| missing(format!("{word} `{name}`"), nearest(among, name)))?;
        Ok(Chosen { reference: format!("{place}/{name}"), commit })
    };
    match at {
        GitAt::Tag(name) => find("tag", "refs/tags", &refs.tags, name),
        GitAt::Branch(name) => find("branch", "refs/heads", &refs.branches, name),
        GitAt::Commit(commit) => Ok(Chosen { reference: commit.clone(), commit: commit.clone() }),
        GitAt::Default => match refs.default_branch() {
            Some((name, commit)) => {
                Ok(Chosen { reference: format!("refs/heads/{name}"), commit: commit.to_owned() })
            }
            None => {
                Err(missing("default branch".to_owned(), "; name a tag, a branch or a commit".to_owned()))
            }
        },
    }
}

/// The names that begin most like the one that is not there; the later ones of equals, which are newer more often.
fn nearest(among: &BTreeMap<String, String>, name: &str) -> String {
    let alike = |other: &str| other.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let mut names: Vec<&str> = among.keys().map(String::as_str).rev().collect();
    names.sort_by_key(|other| std::cmp::Reverse(alike(other)));
    names.truncate(OFFERED);
    if names.is_empty() {
        "; it has none at all".to_owned()
    } else {
        format!("; there is {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs() -> Refs {
        let names = |all: &[&str]| all.iter().map(|name| ((*name).to_owned(), "a".repeat(40))).collect();
        Refs {
            branches: names(&["main", "MOODLE_404_STABLE"]),
            tags: names(&["v4.5.1", "v4.4.0", "v5.0.0", "2016"]),
            head: Some("main".to_owned()),
        }
    }

    fn chosen(at: &GitAt, refs: &Refs) -> String {
        match choose(&"mod_x".parse().unwrap(), "h/x", at, refs) {
            Ok(chosen) => chosen.reference,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn references_are_found_or_the_nearest_are_named() {
        let refs = refs();
        insta::assert_snapshot!(chosen(&GitAt::Tag("v4.5.1".into()), &refs), @"refs/tags/v4.5.1");
        insta::assert_snapshot!(chosen(&GitAt::Branch("main".into()), &refs), @"refs/heads/main");
        insta::assert_snapshot!(chosen(&GitAt::Default, &refs), @"refs/heads/main");
        insta::assert_snapshot!(chosen(&GitAt::Tag("v4.5".into()), &refs), @"mod_x: h/x has no tag `v4.5`; there is v4.5.1, v4.4.0, v5.0.0");
        insta::assert_snapshot!(chosen(&GitAt::Branch("MOODLE_405_STABLE".into()), &refs), @"mod_x: h/x has no branch `MOODLE_405_STABLE`; there is MOODLE_404_STABLE, main");
        insta::assert_snapshot!(chosen(&GitAt::Default, &Refs::default()), @"mod_x: h/x has no default branch; name a tag, a branch or a commit");
        insta::assert_snapshot!(chosen(&GitAt::Tag("v1".into()), &Refs::default()), @"mod_x: h/x has no tag `v1`; it has none at all");
    }
}
