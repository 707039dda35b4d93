//! Where a course comes to lie at the target, and what it is called there: pure.

mod naming;

pub use naming::{Named, Names, Occupied};

use provost_fleet::archive::{Place, Sliding};

use crate::course::{CourseFacts, SiteFacts};

/// The longest name of a category that Moodle keeps, in characters.
const LONGEST: usize = 255;

/// Names of categories from the top one. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<String>);

/// Why a course has no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The rule leaves nothing: Moodle has no course outside all categories.
    #[error("`{0}` leaves no category for it")]
    Nowhere(String),
    /// A category's name that Moodle would cut off.
    #[error("the category `{0}` would have more than {LONGEST} characters")]
    TooLong(String),
    /// A category without a name.
    #[error("a category of `{0}` would have no name")]
    Nameless(String),
}

impl Path {
    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// As [`Path::names`], to keep.
    pub fn into_names(self) -> Vec<String> {
        self.0
    }
}

impl std::fmt::Display for Path {
    /// As the fleet file writes it: `/Archives/2025`, a slash in a name as `\/`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&written(self.0.iter().map(String::as_str)))
    }
}

/// Names of categories as the fleet file writes their path.
pub fn written<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("/{}", name.replace('/', "\\/"))).collect()
}

/// The place of a course. `below` is what of its path is below the selected category.
///
/// # Errors
/// When the rule leaves no category, or a name that cannot be one.
pub fn place(rule: &Place, year: i16, course: &CourseFacts, below: &[String]) -> Result<Path, PlaceError> {
    let own = || course.path().into_iter().map(str::to_owned);
    let (names, written) = match rule {
        Place::Same => (own().collect(), "same".to_owned()),
        Place::Under(path) => {
            let above = filled(path, year, course, below);
            (above.into_iter().chain(own()).collect(), path.to_string())
        }
        Place::Rewrite(rule) => (filled(rule, year, course, below), rule.to_string()),
    };
    checked(names, written)
}

fn filled(rule: &Sliding, year: i16, course: &CourseFacts, below: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in rule.segments() {
        match part.only_name() {
            Some("path") => names.extend(course.path().into_iter().map(str::to_owned)),
            Some("below") => names.extend(below.iter().cloned()),
            _ => {
                let own = course.category.last().map(|category| category.name.as_str());
                // Another placeholder was refused where the rule was read.
                let name = part.filled(year, |name| (name == "category").then(|| own.unwrap_or("").into()));
                names.push(name.unwrap_or_else(|_| part.to_string()).trim().to_owned());
            }
        }
    }
    names
}

fn checked(names: Vec<String>, rule: String) -> Result<Path, PlaceError> {
    if names.is_empty() {
        return Err(PlaceError::Nowhere(rule));
    }
    if let Some(long) = names.iter().find(|name| name.chars().count() > LONGEST) {
        return Err(PlaceError::TooLong(long.clone()));
    }
    if names.iter().any(String::is_empty) {
        return Err(PlaceError::Nameless(rule));
    }
    Ok(Path(names))
}

/// The id of the category that a path leads to, where all of it is there. Of several with one name the first one counts, as it does
/// when categories are made.
pub fn category_at(site: &SiteFacts, path: &Path) -> Option<i64> {
    path.0.iter().try_fold(0, |parent, name| {
        let found = site.categories.iter().find(|one| one.parent == parent && one.name == *name);
        found.map(|category| category.id)
    })
}

#[cfg(test)]
mod tests;
