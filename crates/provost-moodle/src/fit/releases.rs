//! Moodle's version numbers as the releases that people know.

use crate::version_php::Version;

/// The first eight digits of `$version` on each stable branch, which never change on it, and the minor version. A newer
/// Moodle than the last here is called by its number.
const BRANCHED: &[(&str, &str)] = &[
    ("20180517", "3.5"),
    ("20181203", "3.6"),
    ("20190520", "3.7"),
    ("20191118", "3.8"),
    ("20200615", "3.9"),
    ("20201109", "3.10"),
    ("20210517", "3.11"),
    ("20220419", "4.0"),
    ("20221128", "4.1"),
    ("20230424", "4.2"),
    ("20231009", "4.3"),
    ("20240422", "4.4"),
    ("20241007", "4.5"),
    ("20250414", "5.0"),
    ("20251006", "5.1"),
    ("20260420", "5.2"),
];

/// Returns the release that a `$version` of Moodle belongs to: 4.5.2 for `2024100702` and for the weekly `2024100702.05`.
/// `None` for development versions, and where the release is not known here.
pub fn release_of(version: &Version) -> Option<String> {
    let whole = version.as_str().split('.').next().unwrap_or_default();
    let (date, increment) = whole.split_at_checked(8)?;
    let patch: u32 = Some(increment).filter(|increment| increment.len() == 2)?.parse().ok()?;
    let (_, minor) = BRANCHED.iter().find(|(branched, _)| *branched == date)?;
    Some(if patch == 0 { (*minor).to_owned() } else { format!("{minor}.{patch}") })
}
