//! What an operation finds that a person has to decide.

use serde::{Deserialize, Serialize};

/// Something that stops an operation unless it is accepted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A word for programs, by which it is accepted. Of a backup: `left_out` (its subject the component), `deletion`, `missing_content`
    /// (a SHA-1), `external_file`, `alias` (accepted, it becomes a file of its own). Of a restore: `same_site`, `newer_backup`,
    /// `other_backup`, `not_staged`, `no_category`, `name_clash`, `idnumber_clash`, `not_enough_disk`, `plugin` (a component), `feature`,
    /// `role` (a short name), `user_conflict`, `user_ambiguous`, `user_unmatched`, `deleted_user` (user names), `precheck`,
    /// `precheck_warning`.
    pub kind: String,
    /// On what: the activity, the file, the user; with the kind it names the problem. May be empty.
    pub subject: String,
    /// For a person.
    pub message: String,
    /// Whether it can be accepted at all.
    pub fatal: bool,
}

/// Problems that are accepted: a kind alone (`left_out`), or with its subject (`left_out:chat`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accepted(pub Vec<String>);

impl Accepted {
    /// Whether a problem is among them.
    pub fn covers(&self, problem: &Problem) -> bool {
        let whole = format!("{}:{}", problem.kind, problem.subject);
        !problem.fatal && self.0.iter().any(|name| *name == problem.kind || *name == whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_accepted_by_kind_or_with_its_subject_and_never_a_fatal_one() {
        let problem = |fatal| Problem {
            kind: "left_out".to_owned(),
            subject: "chat".to_owned(),
            message: String::new(),
            fatal,
        };
        let accepted = |name: &str| Accepted(vec![name.to_owned()]);
        assert!(accepted("left_out").covers(&problem(false)));
        assert!(accepted("left_out:chat").covers(&problem(false)));
        assert!(!accepted("left_out:quiz").covers(&problem(false)));
        assert!(!accepted("left_out").covers(&problem(true)));
    }
}
