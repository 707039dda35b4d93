//! Version numbers of releases, servers and PHP.

/// Tells whether a version is at least another, as far as both are numbers with points between: `8.4.10` is at least
/// `8.4`, and `16.2 (Debian)` at least `14`.
pub fn is_at_least(version: &str, least: &str) -> bool {
    numbers(version) >= numbers(least)
}

/// The numbers that a version begins with, without zeros at the end: 5.0 and 5 are one.
pub(super) fn numbers(version: &str) -> Vec<u64> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let mut numbers = Vec::new();
    for part in version.split('.').take(8) {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let Some(number) = part.get(..digits).and_then(|digits| digits.parse().ok()) else { break };
        numbers.push(number);
        if digits < part.len() {
            break;
        }
    }
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}
