//! Who a backup brings, and whom each of them becomes at the target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// By what an account of the source is known at the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// The same user name, whatever the address says.
    #[default]
    Username,
    /// The same address, without regard to case.
    Email,
    /// The same ID number; an account without one matches nobody.
    Idnumber,
    /// As core does: the same user name, and the same address or the same first access.
    Core,
}

/// What becomes of somebody who matches nobody, and whose user name somebody else has at the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// The unit stops.
    #[default]
    Refuse,
    /// They become that account.
    Map,
    /// They get an account of their own: their user name with `.` and the first eight digits of the source site's digest.
    Rename,
}

/// What becomes of somebody who matches nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// An account is made, as core's restore does.
    #[default]
    Make,
    /// The unit stops.
    Refuse,
}

/// How accounts are mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserPolicy {
    /// By what they are known.
    pub by: MatchBy,
    /// Named pairs, which come before everything else: user name at the source, user name at the target.
    pub table: BTreeMap<String, String>,
    /// What becomes of who is not there.
    pub unmatched: Unmatched,
    /// What a taken user name means.
    pub conflict: Conflict,
    /// The same for the account called as the target's main administrator. `None`: as for everybody.
    pub admin: Option<Conflict>,
    /// Whether an account that was deleted at the target takes what is restored, as core would have it; else the unit stops.
    pub deleted: bool,
}

/// An account, as far as it is needed to know it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// Its id at the source.
    pub id: i64,
    /// User name.
    pub username: String,
    /// Address.
    pub email: String,
    /// ID number; mostly empty.
    pub idnumber: String,
    /// First access in Unix seconds, 0 for none: core's second witness.
    pub firstaccess: i64,
    /// Whether it was deleted at the source.
    pub deleted: bool,
    /// Whether it is the main administrator of the source: such an account is made with each site.
    pub main_admin: bool,
    /// The host it comes from where that is another Moodle (MNet), else empty.
    pub mnethost: String,
}

/// Asks a source who is in some courses: who is enrolled, has a role, or left something (a post, an attempt, a file, a grade).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersRequest {
    /// Of which courses.
    pub courses: Vec<i64>,
    /// Only ids above this one. 0 at first.
    pub after: i64,
    /// How many at most.
    pub limit: u32,
}

/// Some accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    /// In the order of their ids, each once.
    pub users: Vec<Account>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// Asks in which of some courses people take part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhereRequest {
    /// The courses.
    pub courses: Vec<i64>,
    /// The people: ids at the source.
    pub users: Vec<i64>,
}

/// Where they take part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Ids of courses by the person's; of somebody who is in none there is nothing.
    pub courses: BTreeMap<i64, Vec<i64>>,
}

/// Asks a target whom accounts would become.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchRequest {
    /// Which; at most some 20,000 in one request.
    pub users: Vec<Account>,
    /// How.
    pub policy: UserPolicy,
    /// The digest of the source's site identifier: 32 hexadecimal digits, as backups carry it.
    pub source_site: String,
}

/// What becomes of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is there.
    Matched,
    /// It is made.
    Made,
    /// It is made under another user name.
    Renamed,
    /// It is an account that was deleted at the target.
    Deleted,
    /// Somebody else has its user name.
    Conflict,
    /// Nobody here matches, and none is made.
    Unmatched,
    /// More than one account fits, or more than one of the source becomes this one.
    Ambiguous,
}

/// One account's fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedUser {
    /// Its id at the source.
    pub id: i64,
    /// Its user name at the source.
    pub username: String,
    /// What becomes of it.
    pub fate: Fate,
    /// The account at the target, where there is one.
    pub target: Option<i64>,
    /// The user name it has, or will have, at the target.
    pub target_username: String,
    /// In words, where a person has to decide.
    pub why: Option<String>,
    /// In which courses of the session it takes part, where that was asked: no part of the target's answer.
    #[serde(default)]
    pub courses: Vec<i64>,
}

impl MatchedUser {
    /// Whether a person has to decide before a course with it can be restored.
    pub fn stops(&self) -> bool {
        !matches!(self.fate, Fate::Matched | Fate::Made | Fate::Renamed)
    }
}

/// Fates. Those that are `Matched` under their own user name without a doubt and those that are `Made` are only counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matches {
    /// How many are there.
    pub matched: u64,
    /// How many are made.
    pub made: u64,
    /// The others.
    pub special: Vec<MatchedUser>,
}
