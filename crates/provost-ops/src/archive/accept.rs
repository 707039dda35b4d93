//! `provost archive accept`: names of problems and differences that shall stop nobody any more, said after the session has begun.

use std::collections::BTreeSet;

use jiff::Timestamp;
use provost_archive::problems::of_accepted;
use provost_archive::session::Orders;
use provost_fleet::archive::Accept;
use serde::Serialize;

use super::manoeuvre::tell;
use super::survey::DIFFERENCES;
use super::{ArchiveError, Which};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Accepts {
    /// Version of this form.
    pub schema: u32,
    /// The session.
    pub session: i64,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: &'static str,
    /// Names that were not accepted before.
    pub new: Vec<String>,
    /// All that people have accepted since it began.
    pub accepted: Vec<Acceptance>,
}

/// What somebody accepted.
#[derive(Debug, Serialize)]
pub struct Acceptance {
    /// The name of a problem or of a difference.
    pub name: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Accepts what stopped courses of a session. `words` are names, before which the session may stand.
pub async fn accept(call: &Call, words: Vec<String>) -> Result<Accepts, OpsError> {
    let (which, names) = parted(words);
    let names = checked(&names)?;
    let session = Session::open(call, Access::Change)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        let (actor, now) = (session.actor(), Timestamp::now());
        let accept = |orders: &mut Orders| Ok(orders.accept(names.iter().cloned(), &actor, now));
        let (orders, new) = tell(&*registry, &row, accept).await?;
        Ok(Accepts {
            schema: 1,
            session: row.id.0,
            name: row.name,
            state: row.state.word(),
            new: new.iter().map(|name| name.as_str().to_owned()).collect(),
            accepted: accepted(&orders),
        })
    };
    let done = done.await;
    session.close().await;
    done
}

/// What people have accepted since a session began.
pub(super) fn accepted(orders: &Orders) -> Vec<Acceptance> {
    let told = |each: &provost_archive::accepting::Acceptance| Acceptance {
        name: each.name.as_str().to_owned(),
        by: each.by.clone(),
        at: each.at,
    };
    orders.accepted.iter().map(told).collect()
}

/// Which session is meant, and the names: the first of several words is the session where it is no name of anything.
fn parted(mut words: Vec<String>) -> (Which, Vec<String>) {
    let names_a_session = |word: &String| !word.contains(':') && checked(std::slice::from_ref(word)).is_err();
    if words.len() > 1 && words.first().is_some_and(names_a_session) {
        let names = words.split_off(1);
        return (Which(words.pop()), names);
    }
    (Which(None), words)
}

/// Names that can be accepted, of problems and of differences.
fn checked(names: &[String]) -> Result<BTreeSet<Accept>, ArchiveError> {
    let refused = |name: &str, why: &str| ArchiveError::Orders(format!("`{name}` cannot be accepted: {why}"));
    let read = |name: &String| {
        let accept = Accept::of(name).ok_or_else(|| {
            refused(name, "a name is a word, and perhaps `:` and what it is about, as in `left_out:mod_chat`")
        })?;
        wrong(&accept).map_or(Ok(accept), |why| Err(refused(name, why)))
    };
    let accepts = names.iter().map(read).collect::<Result<BTreeSet<_>, _>>()?;
    match of_accepted(&accepts, &DIFFERENCES).into_iter().next() {
        None => Ok(accepts),
        Some(unknown) => {
            let hint = unknown.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            Err(ArchiveError::Orders(format!("{}{hint}", unknown.message)))
        }
    }
}

/// Why a name stands for nothing, though its word is known.
fn wrong(accept: &Accept) -> Option<&'static str> {
    let difference = DIFFERENCES.contains(&accept.name());
    let starred = accept.about().and_then(|about| about.find('*').map(|at| at + 1 < about.len()));
    match (accept.name(), accept.about(), starred) {
        ("unrest", ..) => {
            Some("a course that was still changing is counted again, by `provost archive retry`")
        }
        (_, None, _) if difference => Some("say of what, as in `missing:forum_posts`, or `:*` for anything"),
        (_, _, Some(true)) => Some("`*` stands at the end"),
        (_, _, Some(false)) if !difference => {
            Some("only names of differences end with `*`; leave out what follows the word")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_first_word_is_the_session_where_it_is_no_name() {
        let of = |words: &[&str]| {
            let (which, names) = parted(texts(words));
            (which.0, names)
        };
        assert_eq!(of(&["left_out:mod_chat"]), (None, texts(&["left_out:mod_chat"])));
        assert_eq!(of(&["3", "alias"]), (Some("3".to_owned()), texts(&["alias"])));
        assert_eq!(
            of(&["yearly", "alias", "role:x"]),
            (Some("yearly".to_owned()), texts(&["alias", "role:x"]))
        );
        assert_eq!(of(&["alias", "missing:quiz_*"]), (None, texts(&["alias", "missing:quiz_*"])));
        assert_eq!(of(&["misspelt:x", "alias"]).0, None, "no session is called so");
    }

    #[test]
    fn names_of_problems_and_differences_are_taken_and_nothing_else() {
        let good = [
            "left_out:mod_chat",
            "alias",
            "precheck_warning",
            "missing:forum_posts",
            "not-compared:mod_*",
            "changed:*",
        ];
        assert_eq!(checked(&texts(&good)).unwrap().len(), good.len());
        for bad in [
            "",
            "Alias",
            "left out",
            "left_out:",
            "left_out:*",
            "missing",
            "missing:*_posts",
            "missing:a*b*",
            "unrest",
            "unrest:grades",
            "same_site",
            "precheck",
            "nothing:x",
            "name_clash:x",
            "*",
        ] {
            assert!(checked(&texts(&[bad])).is_err(), "{bad}");
        }
        let meant = checked(&texts(&["aliass"])).unwrap_err().to_string();
        assert_eq!(meant, "nothing is called `aliass`; did you mean `alias`?");
    }
}
