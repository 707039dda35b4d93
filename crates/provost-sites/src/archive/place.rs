//! Categories.

use serde::{Deserialize, Serialize};

/// One category of a path, as it is made where it is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoryStep {
    /// Its name. Core knows no two of one name below one category as the same; the first one in the site's order is taken.
    pub name: String,
    /// ID number for one that is made; left out where another category has it.
    pub idnumber: Option<String>,
    /// Description (HTML) for one that is made.
    pub description: Option<String>,
    /// Whether one that is made can be seen.
    pub visible: Option<bool>,
}

/// Asks a source for the categories from the top to one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathRequest {
    /// The last one.
    pub category: i64,
}

/// Categories from the top to one, with descriptions and visibility.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryPath {
    /// They; fit for a [`CategoryRequest`] at another site.
    pub path: Vec<CategoryStep>,
}

/// Asks for the category of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRequest {
    /// From the top. Never empty.
    pub path: Vec<CategoryStep>,
    /// Whether missing ones are made; else the answer has no id.
    pub make: bool,
}

/// A category.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Its id.
    pub category: Option<i64>,
    /// Ids of those that were made now, from the top.
    pub made: Vec<i64>,
}

/// Asks to take categories away again. One with a course or a category in it stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UncategoryRequest {
    /// Ids, deepest first.
    pub categories: Vec<i64>,
}

/// What became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncategorised {
    /// Gone, now or before.
    pub gone: Vec<i64>,
    /// Still there, for there is something in them.
    pub kept: Vec<i64>,
}
