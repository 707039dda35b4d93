//! Which courses a session takes: pure, over the facts of all courses of the source.

mod category;
mod filter;
mod started;

pub use started::{Started, StartedError};

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use provost_fleet::archive::{Archive, CourseList, CourseName, Root, Selection};

use crate::course::{CourseFacts, CourseId};
use category::Categories;
use filter::Filter;

/// The lists that a declaration names, read: by the path that it names them by.
pub type Lists = BTreeMap<Utf8PathBuf, CourseList>;

/// A course that a session takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub course: CourseId,
    /// Names of the categories that it is in below the one that was selected; all of them where none was.
    pub below: Vec<String>,
}

/// What a declaration selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The courses, in the order of their ids, each once.
    pub taken: Vec<Taken>,
    /// How many others were in a selection and are excluded.
    pub excluded: usize,
    /// What took nothing: perhaps a slip of the pen.
    pub idle: Vec<Idle>,
}

/// Something in a selection that takes no course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idle {
    /// A whole selection, by its number from 1 and as its root reads in the session's year.
    Selection {
        /// Its number.
        number: usize,
        /// Its root.
        root: String,
    },
    /// A line of a list: the site has no such course.
    Line {
        /// The list.
        list: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it names.
        course: CourseName,
    },
}

/// Why a selection cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A list was not read: a fault of the caller's.
    #[error("the list `{0}` was not read")]
    NoList(Utf8PathBuf),
    /// A date that there is not in this year, such as the 29th of February.
    #[error("`{0}` is not a day")]
    Day(String),
}

/// Paths of the lists that a declaration names.
pub fn lists_of(archive: &Archive) -> BTreeSet<&Utf8PathBuf> {
    let all = archive.select.iter().chain(&archive.exclude);
    all.filter_map(|selection| match &selection.root {
        Root::List(path) => Some(path),
        Root::Site | Root::Category { .. } => None,
    })
    .collect()
}

/// Whether a selection asks for sizes, which are dear to find out: else they are only wanted of what was selected.
pub fn needs_sizes(archive: &Archive) -> bool {
    let asks = |selection: &Selection| {
        selection.filters.at_least_mib.is_some() || selection.filters.at_most_mib.is_some()
    };
    archive.select.iter().chain(&archive.exclude).any(asks)
}

/// Selects.
///
/// # Errors
/// When a list was not read, and for a day that there is not.
pub fn select(
    archive: &Archive,
    started: &Started,
    lists: &Lists,
    courses: &[CourseFacts],
) -> Result<Selected, SelectError> {
    let take = rules(&archive.select, started, lists)?;
    let leave = rules(&archive.exclude, started, lists)?;
    let mut selected = Selected::default();
    let mut used = vec![false; take.len()];
    let mut taken: BTreeMap<CourseId, Taken> = BTreeMap::new();
    for course in courses {
        let mut first = None;
        for (rule, used) in take.iter().zip(&mut used) {
            if let Some(below) = rule.takes(course) {
                *used = true;
                first.get_or_insert(below);
            }
        }
        let Some(from) = first else { continue };
        if leave.iter().any(|rule| rule.takes(course).is_some()) {
            selected.excluded += 1;
            continue;
        }
        let below = course.path().into_iter().skip(from).map(str::to_owned).collect();
        taken.insert(course.id, Taken { course: course.id, below });
    }
    selected.taken = taken.into_values().collect();
    let idle = take.iter().zip(used).enumerate().filter(|(_, (_, used))| !used);
    selected.idle.extend(
        idle.map(|(at, (rule, _))| Idle::Selection { number: at + 1, root: rule.root.describe(started) }),
    );
    let lists = lists.iter().filter(|(path, _)| lists_of(archive).contains(path));
    selected.idle.extend(lists.flat_map(|(path, list)| absent(path, list, courses)));
    Ok(selected)
}

/// One selection, ready to be asked.
struct Rule<'a> {
    root: Where<'a>,
    filter: Filter,
}

/// Where a selection looks.
enum Where<'a> {
    Site,
    Category(Categories),
    List { path: &'a Utf8PathBuf, names: BTreeSet<&'a CourseName> },
}

fn rules<'a>(
    selections: &'a [Selection],
    started: &Started,
    lists: &'a Lists,
) -> Result<Vec<Rule<'a>>, SelectError> {
    let rule = |selection: &'a Selection| {
        let root = match &selection.root {
            Root::Site => Where::Site,
            Root::Category { path, below } => Where::Category(Categories::new(path, *below, started)),
            Root::List(path) => {
                let list = lists.get(path).ok_or_else(|| SelectError::NoList(path.clone()))?;
                Where::List { path, names: list.courses.iter().map(|(_, name)| name).collect() }
            }
        };
        Ok(Rule { root, filter: Filter::new(&selection.filters, started)? })
    };
    selections.iter().map(rule).collect()
}

impl Rule<'_> {
    /// How many of a course's categories lead to the selected one, where it takes the course.
    fn takes(&self, course: &CourseFacts) -> Option<usize> {
        let from = match &self.root {
            Where::Site => Some(0),
            Where::Category(categories) => categories.lead_to(course),
            Where::List { names, .. } => names_of(course).any(|name| names.contains(&name)).then_some(0),
        }?;
        self.filter.lets(course).then_some(from)
    }
}

impl Where<'_> {
    fn describe(&self, started: &Started) -> String {
        match self {
            Self::Site => format!("the whole site in {}", started.year),
            Self::Category(categories) => categories.to_string(),
            Self::List { path, .. } => path.to_string(),
        }
    }
}

/// By what a list may name a course.
fn names_of(course: &CourseFacts) -> impl Iterator<Item = CourseName> {
    let idnumber = Some(&course.idnumber).filter(|idnumber| !idnumber.is_empty());
    let fixed = [CourseName::Id(course.id), CourseName::Shortname(course.shortname.clone())];
    fixed.into_iter().chain(idnumber.map(|idnumber| CourseName::Idnumber(idnumber.clone())))
}

/// The lines of a list that no course is named by.
fn absent(path: &Utf8PathBuf, list: &CourseList, courses: &[CourseFacts]) -> Vec<Idle> {
    let there: BTreeSet<CourseName> = courses.iter().flat_map(names_of).collect();
    let gone = list.courses.iter().filter(|(_, name)| !there.contains(name));
    gone.map(|(line, name)| Idle::Line { list: path.clone(), line: *line, course: name.clone() }).collect()
}

#[cfg(test)]
mod tests;
