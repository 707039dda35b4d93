//! Problems of people: whom they would become at the target.

use provost_fleet::archive::Archive;
use provost_sites::archive::{Fate, MatchedUser, Matches};

use super::{Kind, Problem};

/// What stands in the way of the people of some courses, as the target has matched them.
pub fn of_users(archive: &Archive, matches: &Matches) -> Vec<Problem> {
    if archive.within_one_site() || !archive.backup.users {
        return Vec::new();
    }
    let problems = matches.special.iter().filter_map(one);
    problems.map(|problem| problem.judged(&archive.accept)).collect()
}

fn one(user: &MatchedUser) -> Option<Problem> {
    let why = |otherwise: String| user.why.clone().unwrap_or(otherwise);
    let name = &user.username;
    let table = "say who is who in a table: users = { table = \"people.csv\" }";
    Some(match user.fate {
        Fate::Matched | Fate::Made | Fate::Renamed => return None,
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
