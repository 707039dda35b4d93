//! The order of tags, whatever their authors write them like.

use std::cmp::Ordering;

/// Words that make a version one *before* the version they stand with, in their order.
const BEFORE: [&str; 7] = ["dev", "preview", "pre", "test", "alpha", "beta", "rc"];

/// The longest tag whose parts are compared, in bytes: git itself allows names of some 250.
const LONGEST: usize = 255;

/// Returns those tags that name a version, newest first; alphas, betas and candidates come after all others.
///
/// A short number alone that is far beyond the first number of all other versions comes after the others too: where there
/// are `V4.4.2` and `V33`, the latter is the 3.3 of long ago.
pub fn newest_first<'a, T: AsRef<str> + ?Sized + 'a>(tags: impl IntoIterator<Item = &'a T>) -> Vec<&'a str> {
    let versions = tags.into_iter().map(AsRef::as_ref);
    let versions =
        versions.filter(|tag| tag.len() <= LONGEST && tag.bytes().any(|byte| byte.is_ascii_digit()));
    let versions: Vec<(Vec<Part>, &str)> = versions.map(|tag| (parts(tag), tag)).collect();
    let several = versions.iter().filter(|(parts, _)| parts.len() > 1);
    let highest = several.filter_map(|(parts, _)| parts.first().and_then(Part::short_number)).max();
    let is_odd = |parts: &[Part]| match parts {
        [lone] => lone.short_number().zip(highest).is_some_and(|(lone, highest)| lone > highest + 1),
        _ => false,
    };
    let ranked = versions.into_iter().map(|(parts, tag)| (is_prerelease(tag), is_odd(&parts), parts, tag));
    let mut ranked: Vec<(bool, bool, Vec<Part>, &str)> = ranked.collect();
    ranked.sort_by(|a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| compare(&b.2, &a.2)).then_with(|| b.3.cmp(a.3))
    });
    ranked.into_iter().map(|(_, _, _, tag)| tag).collect()
}

/// Compares two tags as versions: numbers as numbers (`v4.5-r10` is newer than `v4.5-r9`, `v4.5.10` than `v4.5.9`), alphas,
/// betas and candidates before their release (`v4.5-rc1` before `v4.5`), without regard to what stands in front of the
/// first number. Two that are the same version are ordered by name.
pub fn compare_tags(a: &str, b: &str) -> Ordering {
    compare(&parts(a), &parts(b)).then_with(|| a.cmp(b))
}

/// Tells whether a tag names an alpha, a beta or a candidate.
pub fn is_prerelease(tag: &str) -> bool {
    runs(tag).any(|run| before(run).is_some())
}

/// A part of a version. The order of the variants is that of versions: `v4-rc1`, `v4`, `v4-r1`, `v4.1`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A word that makes it one before.
    Before(usize),
    /// Nothing more.
    End,
    /// Any other word, as the `r` of `v4.5-r1`.
    Word(String),
    /// A number: how many digits, without leading zeros, and these.
    Number(usize, String),
}

impl Part {
    /// A number of at most four digits: a date has more.
    fn short_number(&self) -> Option<u32> {
        match self {
            Self::Number(1..=4, digits) => digits.parse().ok(),
            _ => None,
        }
    }
}

fn compare(a: &[Part], b: &[Part]) -> Ordering {
    for index in 0..a.len().max(b.len()) {
        let order = a.get(index).unwrap_or(&Part::End).cmp(b.get(index).unwrap_or(&Part::End));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// The parts of a tag from its first number on; a word like `beta` in front of that counts too, at the end.
fn parts(tag: &str) -> Vec<Part> {
    let mut leading = Vec::new();
    let mut parts = Vec::new();
    for run in runs(tag) {
        if run.bytes().all(|byte| byte.is_ascii_digit()) {
            let digits = run.trim_start_matches('0');
            parts.push(Part::Number(digits.len(), digits.to_owned()));
        } else if let Some(rank) = before(run) {
            if parts.is_empty() { &mut leading } else { &mut parts }.push(Part::Before(rank));
        } else if !parts.is_empty() {
            parts.push(Part::Word(run.to_lowercase()));
        }
    }
    parts.append(&mut leading);
    parts
}

/// The longest runs of digits and of letters; what is between them only parts them.
fn runs(tag: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            1
        } else if c.is_alphabetic() {
            2
        } else {
            0
        }
    };
    let mut rest = tag;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| kind(c) == 0);
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (run, behind) = rest.split_at_checked(end)?;
        rest = behind;
        Some(run)
    })
}

fn before(word: &str) -> Option<usize> {
    BEFORE.iter().position(|known| word.eq_ignore_ascii_case(known))
}
