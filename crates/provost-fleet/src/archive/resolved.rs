//! A declaration as it is meant in one year.

use super::{Age, Archive, Filters, Place, Rename, Root, Selection, Sliding};

impl Archive {
    /// The declaration with every year in it filled in: what a session keeps when it starts, so that one that runs over New Year
    /// stays what it was.
    #[must_use]
    pub fn resolved(&self, year: i16) -> Self {
        let all = |selections: &[Selection]| selections.iter().map(|one| one.resolved(year)).collect();
        let mut fixed = Self { select: all(&self.select), exclude: all(&self.exclude), ..self.clone() };
        fixed.place = match &self.place {
            Place::Same => Place::Same,
            Place::Under(path) => Place::Under(path.in_year(year)),
            Place::Rewrite(rule) => Place::Rewrite(rule.in_year(year)),
        };
        fixed.after.tags = self.after.tags.iter().map(|tag| tag.in_year(year)).collect();
        fixed.after.notice = in_year(self.after.notice.as_ref(), year);
        let Rename { fullname, shortname, idnumber } = &self.after.rename;
        fixed.after.rename = Rename {
            fullname: in_year(fullname.as_ref(), year),
            shortname: in_year(shortname.as_ref(), year),
            idnumber: in_year(idnumber.as_ref(), year),
        };
        fixed
    }
}

impl Selection {
    fn resolved(&self, year: i16) -> Self {
        let root = match &self.root {
            Root::Category { path, below } => Root::Category { path: path.in_year(year), below: *below },
            other => other.clone(),
        };
        Self { root, filters: self.filters.resolved(year) }
    }
}

impl Filters {
    fn resolved(&self, year: i16) -> Self {
        let age = |age: &Option<Age>| match age {
            Some(Age::Date(date)) => Some(Age::Date(date.in_year(year))),
            other => other.clone(),
        };
        let fields = self.customfields.iter();
        Self {
            shortname: in_year(self.shortname.as_ref(), year),
            fullname: in_year(self.fullname.as_ref(), year),
            idnumber: in_year(self.idnumber.as_ref(), year),
            started_before: age(&self.started_before),
            ended_before: age(&self.ended_before),
            unused_since: age(&self.unused_since),
            tags: self.tags.iter().map(|tag| tag.in_year(year)).collect(),
            customfields: fields.map(|(name, value)| (name.clone(), value.in_year(year))).collect(),
            ..self.clone()
        }
    }
}

fn in_year(text: Option<&Sliding>, year: i16) -> Option<Sliding> {
    text.map(|text| text.in_year(year))
}
