//! What is accepted in a session: by its declaration, and by people since it began.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use provost_fleet::archive::{Accept, Archive};
use serde::{Deserialize, Serialize};

use crate::census::Accepted;
use crate::phases;

/// What a person accepts after a session has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The name of a problem or of a difference.
    pub name: Accept,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What is accepted in a session. A clone is another handle of the same: what one is told ([`Accepting::follow`]) all of them know, so that
/// a process hears of it while it works.
#[derive(Debug, Clone, Default)]
pub struct Accepting {
    declared: BTreeSet<Accept>,
    /// With what the session's own post-processing makes.
    of_differences: Accepted,
    since: Arc<RwLock<Vec<Acceptance>>>,
}

impl Accepting {
    /// As it was declared.
    pub fn of(declared: &Archive) -> Self {
        Self {
            declared: declared.accept.clone(),
            of_differences: phases::accepted(declared),
            since: Arc::default(),
        }
    }

    /// Takes over what people have accepted until now: all of it, as the session's orders have it.
    pub fn follow(&self, since: &[Acceptance]) {
        since.clone_into(&mut self.since.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Every name that is accepted.
    pub fn names(&self) -> BTreeSet<Accept> {
        let since = self.since.read().unwrap_or_else(PoisonError::into_inner);
        self.declared.iter().chain(since.iter().map(|each| &each.name)).cloned().collect()
    }

    /// Differences that stop nobody. What a person accepted says who, and so does the receipt.
    pub fn differences(&self) -> Accepted {
        let since = self.since.read().unwrap_or_else(PoisonError::into_inner);
        since.iter().fold(self.of_differences.clone(), |all, each| {
            let by = format!("by {} at {}", each.by, each.at);
            let all = match phases::as_difference(&each.name) {
                Some(difference) => all.and(&difference, by.clone()),
                None => all,
            };
            all.and(each.name.as_str(), by)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::{Difference, Kind};

    fn acceptance(name: &str) -> Acceptance {
        Acceptance { name: Accept::of(name).unwrap(), by: "ada".to_owned(), at: Timestamp::UNIX_EPOCH }
    }

    fn difference(name: &str) -> Difference {
        let subject = String::new();
        Difference { name: name.to_owned(), kind: Kind::Missing, subject, rows: 1, examples: Vec::new() }
    }

    #[test]
    fn what_one_handle_is_told_the_other_knows() {
        let (told, other) = {
            let told = Accepting::default();
            (told.clone(), told)
        };
        assert_eq!(other.differences().reason(&difference("missing:forum_posts")), None);
        told.follow(&[acceptance("missing:forum_*"), acceptance("left_out:mod_chat")]);
        let reason = other.differences().reason(&difference("missing:forum_posts")).unwrap();
        assert_eq!(reason, "accepted as `missing:forum_*` by ada at 1970-01-01T00:00:00Z");
        assert_eq!(other.differences().reason(&difference("missing:quiz_grades")), None);
        assert!(other.names().contains(&Accept::of("left_out:mod_chat").unwrap()));
        told.follow(&[]);
        assert_eq!(other.names(), BTreeSet::new());
    }
}
