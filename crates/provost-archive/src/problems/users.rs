//! Problems of people: whom they would become at the target.

use std::collections::BTreeMap;

use provost_fleet::archive::Archive;
use provost_sites::archive::{Fate, MatchedUser, Matches};

use super::{Kind, Problem};
use crate::course::CourseId;

/// Problems of people.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OfUsers {
    /// What is told of the session as a whole, and what nobody knows the courses of.
    pub session: Vec<Problem>,
    /// What stops courses: those that the people take part in, and no others.
    pub courses: BTreeMap<CourseId, Vec<Problem>>,
}

/// What stands in the way of the people of some courses, as the target has matched them.
pub fn of_users(archive: &Archive, matches: &Matches) -> OfUsers {
    if archive.within_one_site() || !archive.backup.users {
        return OfUsers::default();
    }
    let mut found = OfUsers::default();
    for user in &matches.special {
        let Some(problem) = one(user, archive.source == provost_fleet::archive::Fate::Delete) else {
            continue;
        };
        if !problem.kind.stops() || user.courses.is_empty() {
            found.session.push(problem);
            continue;
        }
        for course in &user.courses {
            found.courses.entry(*course).or_default().push(problem.clone());
        }
    }
    let judged = |problems: Vec<Problem>| -> Vec<Problem> {
        together(problems).into_iter().map(|problem| problem.judged(&archive.accept)).collect()
    };
    found.session = judged(found.session);
    found.courses = found.courses.into_iter().map(|(course, problems)| (course, judged(problems))).collect();
    found
}

/// A few one by one; where a whole domain has changed its name, all of them as one.
fn together(problems: Vec<Problem>) -> Vec<Problem> {
    const FEW: usize = 5;
    let mut by_kind: BTreeMap<Kind, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        by_kind.entry(problem.kind).or_default().push(problem);
    }
    let few = |(kind, problems): (Kind, Vec<Problem>)| {
        if problems.len() <= FEW {
            return problems;
        }
        let names = problems.iter().map(|problem| problem.about.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("{} people {}: {names}", problems.len(), of_many(kind));
        vec![Problem { hint: problems[0].hint.clone(), ..Problem::new(kind, "", message) }]
    };
    by_kind.into_iter().flat_map(few).collect()
}

fn of_many(kind: Kind) -> &'static str {
    match kind {
        Kind::UserDoubtful | Kind::UserOther => "have other addresses at the target",
        Kind::UserConflict => "have user names that others have at the target",
        Kind::UserAmbiguous => "could each be more than one account of the target",
        Kind::DeletedUser => "have accounts that were deleted at the target",
        _ => "have no account at the target",
    }
}

fn one(user: &MatchedUser, deletes: bool) -> Option<Problem> {
    let why = |otherwise: String| user.why.clone().unwrap_or(otherwise);
    let name = &user.username;
    let table = "say who is who in a table: users = { table = \"people.csv\" }";
    Some(match user.fate {
        Fate::Matched => {
            let message = user.why.clone()?;
            let hint =
                format!("{table}, or tell people apart by another key: users = {{ match = \"email\" }}");
            let kind = if deletes { Kind::UserOther } else { Kind::UserDoubtful };
            Problem::new(kind, name, message).hint(hint)
        }
        Fate::Made | Fate::Renamed => return None,
        Fate::Conflict => {
            let message = why(format!("somebody else has the user name `{name}`"));
            Problem::new(Kind::UserConflict, name, message).hint(format!("{table}, or set `taken`"))
        }
        Fate::Ambiguous => {
            let message = why(format!("more than one account could be `{name}`"));
            Problem::new(Kind::UserAmbiguous, name, message).hint(table)
        }
        Fate::Unmatched => {
            let message = why(format!("`{name}` has no account at the target"));
            let hint = format!("{table}; or write users = {{ unmatched = \"create\" }}");
            Problem::new(Kind::UserUnmatched, name, message).hint(hint)
        }
        Fate::Deleted => {
            let message = why(format!("the account of `{name}` was deleted"));
            let hint = format!(
                "{table}; or write users = {{ deleted = true }} to restore to the account all the same"
            );
            Problem::new(Kind::DeletedUser, name, message).hint(hint)
        }
    })
}
