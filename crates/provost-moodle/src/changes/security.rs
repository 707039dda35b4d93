//! Lines that speak of security.

use serde::Serialize;

/// How much of a text is looked through, in bytes: a log of some ten thousand commits.
const MOST_READ: usize = 4 << 20;

/// How many lines are returned; who has more than these to read has reason enough already.
const MOST_LINES: usize = 100;

/// How much of a line is returned, in characters.
const MOST_OF_A_LINE: usize = 300;

/// Whole words that say it by themselves, in lower case.
const WORDS: [&str; 8] = ["security", "xss", "csrf", "xsrf", "sqli", "rce", "ssrf", "exploit"];

/// Beginnings of words that say it.
const BEGINNINGS: [&str; 2] = ["vulnerab", "exploitab"];

/// Several words that say it together.
const PHRASES: [&[&str]; 4] = [
    &["sql", "injection"],
    &["cross", "site", "scripting"],
    &["cross", "site", "request", "forgery"],
    &["remote", "code", "execution"],
];

/// A line that speaks of security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecurityLine {
    /// Which line of the text, counted from 1.
    pub number: usize,
    /// What it says, without blanks at its ends and without control characters, shortened.
    pub text: String,
}

/// Returns the lines of a changelog, or of a log of commits, that speak of security: a `CVE-…` or an `MSA-…`, or words such
/// as "vulnerability", "XSS" or "SQL injection", in any letter case and as whole words.
pub fn security_lines(text: &str) -> Vec<SecurityLine> {
    let end =
        (0..=MOST_READ.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
    let lines = text.get(..end).unwrap_or_default().lines().enumerate();
    let speaking = lines.filter(|(_, line)| speaks_of_security(line));
    let speaking = speaking.map(|(index, line)| SecurityLine { number: index + 1, text: shown(line) });
    speaking.take(MOST_LINES).collect()
}

fn speaks_of_security(line: &str) -> bool {
    let words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let word = |word: &String| {
        WORDS.contains(&word.as_str()) || BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let advisory = |pair: &[String]| match pair {
        [kind, year] => matches!(kind.as_str(), "cve" | "msa") && number(year),
        _ => false,
    };
    let says = |phrase: &&[&str]| words.windows(phrase.len()).any(|words| words.iter().eq(phrase.iter()));
    words.iter().any(word) || words.windows(2).any(advisory) || PHRASES.iter().any(says)
}

fn shown(line: &str) -> String {
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
    let plain = plain.trim();
    match plain.char_indices().nth(MOST_OF_A_LINE) {
        Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default()),
        None => plain.to_owned(),
    }
}
