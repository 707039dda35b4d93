//! Commands that come with Provost: what an administrator of many sites asks every month. A file of the fleet's own with the same name is
//! taken instead.

macro_rules! carried {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("reports/", $name, ".sql")))),*]
    };
}

/// Name and text of each.
pub(super) const REPORTS: &[(&str, &str)] = carried![
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
    "report-usersync",
];

/// The text of one.
pub(super) fn text(name: &str) -> Option<&'static str> {
    REPORTS.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use provost_admin::command::{Header, Language};

    use super::*;

    #[test]
    fn each_has_a_header_and_only_looks() {
        for (name, text) in REPORTS {
            let header = Header::read(text, Language::Sql).unwrap();
            assert!(!header.writes && header.parameters.iter().all(|one| one.default.is_some()), "{name}");
        }
    }
}
