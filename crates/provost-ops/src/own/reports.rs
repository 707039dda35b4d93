//! Commands that come with Provost: what an administrator of many sites asks every month. A file of the fleet's own with the same name is
//! taken instead.

use provost_admin::command::Language;

macro_rules! carried {
    ($($language:ident $extension:literal: $($name:literal),*;)*) => {
        &[$($(($name, Language::$language, include_str!(concat!("reports/", $name, ".", $extension)))),*),*]
    };
}

/// Name, language and text of each.
pub(super) const REPORTS: &[(&str, Language, &str)] = carried![
    Php "php": "recover-grades";
    Sql "sql":
    "report-blocks",
    "report-connections",
    "report-courses",
    "report-files",
    "report-formats",
    "report-forumtypes",
    "report-logs",
    "report-modules",
    "report-online",
    "report-questiontypes",
    "report-resourcetypes",
    "report-roles",
    "report-userclasses",
    "report-users",
    "report-usersync";
];

/// The text of one.
pub(super) fn text(name: &str) -> Option<(Language, &'static str)> {
    REPORTS.iter().find(|(own, ..)| *own == name).map(|(_, language, text)| (*language, *text))
}

#[cfg(test)]
mod tests {
    use provost_admin::command::Header;

    use super::*;

    #[test]
    fn each_has_a_header_and_reports_only_look() {
        for (name, language, text) in REPORTS {
            let header = Header::read(text, *language).unwrap();
            let looks = !header.writes && header.parameters.iter().all(|one| one.default.is_some());
            assert_eq!(looks, name.starts_with("report-"), "{name}");
        }
    }
}
