//! Branches and tags of a git repository.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The references of one repository: what exists, and at which commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refs {
    /// Branches by short name (`main`), and the commit each is at.
    pub branches: BTreeMap<String, String>,
    /// Tags by short name (`v4.5.1`), and the commit each leads to; an annotated tag is followed to its commit.
    pub tags: BTreeMap<String, String>,
    /// Short name of the default branch, if the repository says so.
    pub head: Option<String>,
}

/// A line that `git ls-remote` does not print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a line of `git ls-remote`: `{met}`")]
pub struct RefsError {
    /// Which line, counted from 1.
    pub line: usize,
    /// Its beginning.
    pub met: String,
}

impl Refs {
    /// Reads the output of `git ls-remote --symref`. References that are neither branches nor tags are left out.
    pub fn parse_ls_remote(output: &str) -> Result<Self, RefsError> {
        let mut refs = Self::default();
        let mut peeled = BTreeMap::new();
        for (index, line) in output.lines().enumerate() {
            let refuse = || RefsError { line: index + 1, met: line.chars().take(80).collect() };
            let (left, name) = line.split_once('\t').ok_or_else(refuse)?;
            if let Some(target) = left.strip_prefix("ref: ") {
                if name == "HEAD" {
                    refs.head = target.strip_prefix("refs/heads/").map(str::to_owned);
                }
                continue;
            }
            if !is_object_id(left) {
                return Err(refuse());
            }
            if let Some(branch) = name.strip_prefix("refs/heads/") {
                refs.branches.insert(branch.to_owned(), left.to_owned());
            } else if let Some(tag) = name.strip_prefix("refs/tags/") {
                // `v4.5.1^{}` is the commit that the tag object `v4.5.1` leads to.
                let (tags, tag) = match tag.strip_suffix("^{}") {
                    Some(tag) => (&mut peeled, tag),
                    None => (&mut refs.tags, tag),
                };
                tags.insert(tag.to_owned(), left.to_owned());
            }
        }
        refs.tags.extend(peeled);
        Ok(refs)
    }

    /// Returns the default branch and the commit it is at, if both are known.
    pub fn default_branch(&self) -> Option<(&str, &str)> {
        let (name, commit) = self.branches.get_key_value(self.head.as_ref()?)?;
        Some((name, commit))
    }
}

/// Tells whether a text is a full object id: 40 lower-case hexadecimal digits (64 in a SHA-256 repository).
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(digit: char) -> String {
        digit.to_string().repeat(40)
    }

    #[test]
    fn peeled_tags_win_wherever_they_stand() {
        let (a, b, c) = (id('a'), id('b'), id('c'));
        let output = format!(
            "ref: refs/heads/main\tHEAD\n{a}\tHEAD\n{a}\trefs/heads/main\n{b}\trefs/heads/fix/one\n\
             {c}\trefs/pull/1/head\n{b}\trefs/tags/v1^{{}}\n{c}\trefs/tags/v1\n{a}\trefs/tags/light\n"
        );
        let refs = Refs::parse_ls_remote(&output).expect("valid");
        assert_eq!(
            refs.branches,
            BTreeMap::from([("main".into(), a.clone()), ("fix/one".into(), b.clone())])
        );
        assert_eq!(refs.tags, BTreeMap::from([("light".into(), a.clone()), ("v1".into(), b)]));
        assert_eq!(refs.default_branch(), Some(("main", a.as_str())));
    }

    #[test]
    fn an_empty_repository_has_no_references() {
        assert_eq!(Refs::parse_ls_remote(""), Ok(Refs::default()));
        let unborn = Refs::parse_ls_remote("ref: refs/heads/main\tHEAD\n").expect("valid");
        assert_eq!((unborn.head.as_deref(), unborn.default_branch()), (Some("main"), None));
    }

    #[test]
    fn other_lines_are_refused() {
        let error = Refs::parse_ls_remote("fatal: repository not found").expect_err("no reference");
        insta::assert_snapshot!(error, @"line 1 is not a line of `git ls-remote`: `fatal: repository not found`");
        assert!(Refs::parse_ls_remote("abc\trefs/heads/main").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[a-f\t\n^{}]{0,80}") {
            let _read = Refs::parse_ls_remote(&text);
        }
    }
}
