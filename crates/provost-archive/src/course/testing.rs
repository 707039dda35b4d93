//! Courses, sites and declarations for tests.

use provost_fleet::archive::Archive;

use super::{Category, CategoryFacts, CourseFacts, Identity, SiteFacts};

/// A declaration from hugo to archives, by lines of TOML. One that says nothing of `select` takes all.
pub(crate) fn declared(lines: &str) -> Archive {
    let select = if lines.contains("select =") { "" } else { "select = [{ category = \"/\" }]\n" };
    let from = if lines.contains("from =") { "" } else { "from = \"hugo\"\n" };
    let to = if lines.contains("to =") { "" } else { "to = \"archives\"\n" };
    let text = format!("{from}{to}{select}{lines}");
    let file = format!(
        "[fleet]\nname = \"test\"\n[codebase.lts]\nmoodle = \"4.5+\"\n[site.hugo]\nurl = \"http://h.localhost\"\n[site.archives]\nurl = \
         \"http://a.localhost\"\n[archive.yearly]\n{text}\n"
    );
    let fleet = provost_fleet::load("fleet.toml", &file).unwrap_or_else(|faults| panic!("{faults}")).fleet;
    fleet.archives[&"yearly".parse().unwrap()].clone()
}

/// A course in categories.
pub(crate) fn course(id: i64, shortname: &str, path: &[&str]) -> CourseFacts {
    let category = path
        .iter()
        .enumerate()
        .map(|(at, name)| Category { id: 100 + i64::try_from(at).unwrap(), name: (*name).to_owned() });
    CourseFacts {
        id,
        shortname: shortname.to_owned(),
        fullname: format!("Course {shortname}"),
        category: category.collect(),
        visible: true,
        format: "topics".to_owned(),
        ..CourseFacts::default()
    }
}

/// A site of Moodle 5.0.
pub(crate) fn site(digest: &str) -> SiteFacts {
    let plugins = [("mod_quiz", "2025041400"), ("mod_forum", "2025041400"), ("format_topics", "2025041400")];
    SiteFacts {
        version: "2025041400.03".to_owned(),
        release: "5.0.3".to_owned(),
        identifier_digest: digest.to_owned(),
        wwwroot: "http://x.localhost".to_owned(),
        plugins: plugins.map(|(name, version)| (name.to_owned(), version.to_owned())).into(),
        roles: ["student", "teacher"].map(str::to_owned).into(),
        ..SiteFacts::default()
    }
}

/// A course that a site has.
pub(crate) fn there(id: i64, shortname: &str, idnumber: &str) -> Identity {
    Identity { id, shortname: shortname.to_owned(), idnumber: idnumber.to_owned(), copy_of: None }
}

/// A category that a site has.
pub(crate) fn category(id: i64, parent: i64, name: &str) -> CategoryFacts {
    CategoryFacts { id, parent, name: name.to_owned(), visible: true, ..CategoryFacts::default() }
}
