//! Problems of people: whom they would become at the target.

use provost_fleet::archive::Archive;
use provost_sites::archive::{Fate, MatchedUser, Matches};

use super::{Kind, Problem};

/// What stands in the way of the people of some courses, as the target has matched them.
pub fn of_users(archive: &Archive, matches: &Matches) -> Vec<Problem> {
    if archive.within_one_site() || !archive.backup.users {
        return Vec::new();
    }
    let (doubtful, others): (Vec<Problem>, Vec<Problem>) =
        matches.special.iter().filter_map(one).partition(|problem| problem.kind == Kind::UserDoubtful);
    let problems = others.into_iter().chain(together(doubtful));
    problems.map(|problem| problem.judged(&archive.accept)).collect()
}

/// A few one by one; where a whole domain has changed its name, all of them as one.
fn together(doubtful: Vec<Problem>) -> Vec<Problem> {
    const FEW: usize = 5;
    if doubtful.len() <= FEW {
        return doubtful;
    }
    let some = doubtful.iter().take(FEW).map(|problem| problem.about.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!("{} people have other addresses at the target: {some}, …", doubtful.len());
    let one = Problem { hint: doubtful[0].hint.clone(), ..Problem::new(Kind::UserDoubtful, "", message) };
    vec![one]
}

fn one(user: &MatchedUser) -> Option<Problem> {
    let why = |otherwise: String| user.why.clone().unwrap_or(otherwise);
    let name = &user.username;
    let table = "say who is who in a table: users = { table = \"people.csv\" }";
    Some(match user.fate {
        Fate::Matched => {
            let message = user.why.clone()?;
            let hint =
                format!("{table}, or tell people apart by another key: users = {{ match = \"email\" }}");
            Problem::new(Kind::UserDoubtful, name, message).hint(hint)
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
