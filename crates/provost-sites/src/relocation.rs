//! Where a site's database really is, where the file names another server than the one it is on. Pure.
//!
//! A site's dataroot is the witness: its mark names the server that holds the site. While a database is copied to another server its copy
//! is marked as *moving*; the moment at which the dataroot names the new server is the move, and what is left on the old one is a copy
//! from then on. So a move that was killed is known by what it left, and the site is never taken to be on two servers.

use std::collections::BTreeMap;

use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database::Found;
use crate::mark::{Stage, Whose, whose};

/// A database that carries a site's mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearing {
    /// Its server.
    pub(crate) server: Name,
    /// Its name, and its role's.
    pub(crate) database: String,
    /// What its mark says.
    pub(crate) stage: Stage,
    /// Whether only its role is there: what a run left that was killed between dropping the one and the other.
    pub(crate) role_only: bool,
}

/// A database on another server than the one that the file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// Its server.
    pub server: Name,
    /// Its name, and its role's.
    pub database: String,
}

/// Where a site is, as against the server that the file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// Nowhere else.
    Here,
    /// There, whole: it is to be moved.
    There(Other),
    /// Here; what is there is what a move left of it.
    Left(Other),
    /// Here; what is there is a copy that a move began and that nobody asks for any more.
    GivenUp(Other),
    /// On both, by their marks; in words.
    Both(String),
    /// Perhaps on a server that does not answer; in words.
    Unseen(String),
}

/// The databases that carry the mark of each site of a fleet, by site. Templates have a kind of their own.
pub(crate) fn bearings(
    servers: &BTreeMap<Name, Result<BTreeMap<String, Found>, String>>,
    fleet: &str,
) -> BTreeMap<Name, Vec<Bearing>> {
    let mut all: BTreeMap<Name, Vec<Bearing>> = BTreeMap::new();
    for (server, found) in servers {
        for (database, one) in found.iter().flatten() {
            let marked = one.database.clone().flatten();
            // What a killed move had begun may still come to be in the server: its role is there before it, and says so.
            let only_begun = marked.is_none();
            let comment = marked.or_else(|| one.role.as_ref()?.comment.clone());
            let Whose::Ours(mark) = whose(comment.as_deref(), fleet) else { continue };
            let role_only = one.database.is_none() && mark.stage != Stage::Moving;
            if mark.template.is_none() && (!only_begun || mark.stage == Stage::Moving || role_only) {
                let (server, database) = (server.clone(), database.clone());
                let bearing = Bearing { server, database, stage: mark.stage, role_only };
                all.entry(mark.site).or_default().push(bearing);
            }
        }
    }
    all
}

/// What is known of a site's places.
pub(crate) struct Sighting<'a> {
    /// The server that the file names.
    pub(crate) wanted: &'a Name,
    /// The server that the mark of the installed dataroot names; `None` where there is no such mark.
    pub(crate) files: Option<&'a Name>,
    /// The databases that carry its mark.
    pub(crate) bearings: &'a [Bearing],
    /// Why a server could not be looked at, where it could not.
    pub(crate) unseen: &'a dyn Fn(&Name) -> Option<String>,
}

impl Sighting<'_> {
    /// Judges.
    pub(crate) fn judge(&self) -> Whereabouts {
        let (roles, databases): (Vec<&Bearing>, Vec<&Bearing>) =
            self.bearings.iter().partition(|one| one.role_only);
        let here = databases.iter().find(|one| &one.server == self.wanted).map(|one| one.stage);
        let whole = |one: &&&Bearing| matches!(one.stage, Stage::Installed | Stage::Moving);
        let there = databases.iter().filter(|one| &one.server != self.wanted).find(whole);
        // Of a site that is here, as its files say too, a role elsewhere is the last of what a move leaves.
        let is_here = here == Some(Stage::Installed) && self.files == Some(self.wanted);
        let there = there.or_else(|| roles.iter().find(|one| is_here && &one.server != self.wanted)).copied();
        let elsewhere = self.files.filter(|server| *server != self.wanted);
        let Some(there) = there else {
            let unseen = elsewhere.and_then(|server| Some((server, (self.unseen)(server)?)));
            return match (unseen, here) {
                // The files name another server, which knows better.
                (Some((server, why)), _) => {
                    Whereabouts::Unseen(format!("its files say that it is on `{server}`: {why}"))
                }
                (None, _) => Whereabouts::Here,
            };
        };
        let other = Other { server: there.server.clone(), database: there.database.clone() };
        match (self.files, there.stage, here) {
            (Some(files), _, Some(Stage::Installed)) if files != self.wanted => self.both(there),
            (Some(files), _, _) if files == &there.server => Whereabouts::There(other),
            (Some(files), Stage::Moving, Some(_)) if files == self.wanted => Whereabouts::GivenUp(other),
            (Some(files), _, Some(Stage::Moving | Stage::Installed)) if files == self.wanted => {
                Whereabouts::Left(other)
            }
            // Files that are not there, or whose mark is of before they knew their server.
            (None, Stage::Installed, Some(Stage::Installed)) => self.both(there),
            (None, Stage::Installed, _) => Whereabouts::There(other),
            (None, Stage::Moving, Some(Stage::Installed)) => Whereabouts::GivenUp(other),
            _ => Whereabouts::Here,
        }
    }

    fn both(&self, there: &Bearing) -> Whereabouts {
        Whereabouts::Both(format!(
            "its database is on `{}`, which the file names, and on `{}`, where its files say it is",
            self.wanted, there.server
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// Judges a site that the file wants on `new`: what `old` and `new` hold, and which server the files name.
    fn judged(old: Option<Stage>, new: Option<Stage>, files: Option<&str>) -> Whereabouts {
        let each = [("old", old), ("new", new)].into_iter();
        let bearings: Vec<Bearing> = each
            .filter_map(|(server, stage)| {
                let (server, database) = (name(server), "test_hugo".to_owned());
                Some(Bearing { server, database, stage: stage?, role_only: false })
            })
            .collect();
        let files = files.map(name);
        let down = |server: &Name| (server.as_str() == "down").then(|| "it is down".to_owned());
        Sighting { wanted: &name("new"), files: files.as_ref(), bearings: &bearings, unseen: &down }.judge()
    }

    fn old() -> Other {
        Other { server: name("old"), database: "test_hugo".to_owned() }
    }

    #[test]
    fn a_move_is_known_at_every_moment() {
        use Stage::{Created, Installed, Moving};
        let there = Whereabouts::There(old());
        let left = Whereabouts::Left(old());
        // Before it, while the copy comes to be, and right after the files have moved.
        assert_eq!(judged(Some(Installed), None, Some("old")), there);
        assert_eq!(judged(Some(Installed), Some(Created), Some("old")), there);
        assert_eq!(judged(Some(Installed), Some(Moving), Some("old")), there);
        assert_eq!(judged(Some(Installed), Some(Moving), Some("new")), left);
        assert_eq!(judged(Some(Installed), Some(Installed), Some("new")), left);
        assert_eq!(judged(None, Some(Installed), Some("new")), Whereabouts::Here);
        // It was lost since, and an empty one was made: nobody takes that for the site.
        assert_eq!(judged(Some(Installed), Some(Created), Some("new")), Whereabouts::Here);
        // Marks of before files knew their server.
        assert_eq!(judged(Some(Installed), None, None), there);
    }

    #[test]
    fn a_move_that_nobody_asks_for_any_more_is_given_up_and_not_guessed_about() {
        use Stage::{Created, Installed, Moving};
        // The file wants `new` again, from which it had been moving to `old`.
        assert_eq!(judged(Some(Moving), Some(Installed), Some("new")), Whereabouts::GivenUp(old()));
        // It had arrived there.
        for stage in [Moving, Installed] {
            assert!(matches!(judged(Some(stage), Some(Installed), Some("old")), Whereabouts::Both(_)));
        }
        // Somebody restored a copy by hand.
        assert!(matches!(judged(Some(Installed), Some(Installed), None), Whereabouts::Both(_)));
        // What was never a site is none.
        assert_eq!(judged(Some(Created), Some(Installed), Some("new")), Whereabouts::Here);
        assert_eq!(judged(None, None, None), Whereabouts::Here);
    }

    #[test]
    fn a_server_that_does_not_answer_may_have_it() {
        let told = judged(None, None, Some("down"));
        assert!(
            matches!(&told, Whereabouts::Unseen(why) if why.contains("`down`") && why.contains("it is down"))
        );
        // One that left the file is none of ours to ask.
        assert_eq!(judged(None, None, Some("gone")), Whereabouts::Here);
    }
}
