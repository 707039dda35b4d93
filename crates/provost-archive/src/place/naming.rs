//! What copies are called, and which names are taken.

use std::borrow::Cow;
use std::collections::HashSet;

use provost_fleet::archive::{Archive, Clash, Sliding};

use crate::course::{CourseFacts, CourseId, SiteFacts};

/// The longest short name that Moodle keeps, in characters.
const LONGEST_SHORT: usize = 255;

/// What a copy is called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Full name.
    pub fullname: String,
    /// Short name.
    pub shortname: String,
    /// Id number; empty for none.
    pub idnumber: String,
}

/// Names, and what stood in the way of those that were wished for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// What it is called.
    pub names: Names,
    /// The short name that it was to have, where another course has it.
    pub shortname_clash: Option<String>,
    /// The id number that it was to have, where another course has it.
    pub idnumber_clash: Option<String>,
}

/// The names that courses of the target have, and those that earlier units of the session will have.
#[derive(Debug, Clone, Default)]
pub struct Occupied {
    shortnames: HashSet<String>,
    idnumbers: HashSet<String>,
    /// Whether the target's database takes texts that differ in case alone for one.
    insensitive: bool,
}

impl Occupied {
    /// The names of a site, less those of courses that a function says are not in the way: what is moved, and what an earlier run of
    /// the same session brought.
    pub fn of(site: &SiteFacts, leaves: impl Fn(CourseId) -> bool) -> Self {
        let mut occupied = Self { insensitive: site.insensitive, ..Self::default() };
        for course in site.courses.iter().filter(|course| !leaves(course.id)) {
            occupied.add(&course.shortname, &course.idnumber);
        }
        occupied
    }

    fn add(&mut self, shortname: &str, idnumber: &str) {
        self.shortnames.insert(self.form(shortname));
        if !idnumber.is_empty() {
            self.idnumbers.insert(self.form(idnumber));
        }
    }

    /// A text as it is compared.
    fn form(&self, text: &str) -> String {
        if self.insensitive { text.trim_end().to_lowercase() } else { text.to_owned() }
    }

    /// Names a course, and occupies its names. Where one is taken, the declaration says whether the copy gets another one.
    pub fn name(&mut self, archive: &Archive, year: i16, course: &CourseFacts) -> Named {
        let rename = &archive.after.rename;
        let text = |given: &Option<Sliding>, own: &str| match given {
            Some(given) => filled(given, year, course),
            None => own.to_owned(),
        };
        let mut named = Named {
            names: Names {
                fullname: text(&rename.fullname, &course.fullname),
                shortname: text(&rename.shortname, &course.shortname),
                idnumber: text(&rename.idnumber, &course.idnumber),
            },
            ..Named::default()
        };
        let names = &mut named.names;
        if self.shortnames.contains(&self.form(&names.shortname)) {
            named.shortname_clash = Some(names.shortname.clone());
            if archive.restore.clash == Clash::Number {
                names.shortname = self.numbered(&names.shortname);
            }
        }
        if !names.idnumber.is_empty() && self.idnumbers.contains(&self.form(&names.idnumber)) {
            named.idnumber_clash = Some(names.idnumber.clone());
            if archive.restore.clash == Clash::Number {
                names.idnumber.clear();
            }
        }
        let (shortname, idnumber) = (names.shortname.clone(), names.idnumber.clone());
        self.add(&shortname, &idnumber);
        named
    }

    /// `BIO_1`, `BIO_2`: as Moodle's restore counts. The number is never cut off.
    fn numbered(&self, name: &str) -> String {
        let numbered = |number: usize| {
            let end = format!("_{number}");
            let begin: String = name.chars().take(LONGEST_SHORT - end.len()).collect();
            begin + &end
        };
        // There are fewer names than numbers.
        let mut free = (1..).map(numbered).filter(|name| !self.shortnames.contains(&self.form(name)));
        free.next().unwrap_or_else(|| name.to_owned())
    }
}

/// A text with what stands in it of a course.
pub(crate) fn filled(text: &Sliding, year: i16, course: &CourseFacts) -> String {
    let value = |name: &str| -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match name {
            "shortname" => course.shortname.as_str(),
            "fullname" => course.fullname.as_str(),
            "idnumber" => course.idnumber.as_str(),
            "category" => course.category.last().map_or("", |category| category.name.as_str()),
            _ => return None,
        }))
    };
    // Another placeholder was refused where the text was read.
    text.filled(year, value).unwrap_or_else(|_| text.to_string())
}
