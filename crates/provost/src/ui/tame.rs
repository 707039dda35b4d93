//! Texts of sites, of files and of the command line on a terminal: they show what they are, and steer nothing.

use std::borrow::Cow;

/// A value as it can be shown on one line: what would move the cursor or colour the terminal is escaped.
pub(crate) fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        show(&mut shown, c);
        shown
    })
}

/// A whole text as it can be printed: lines, tabs and, where `colour` is set, colours stay.
///
/// Colours of the program's own cannot be told from those that a site wrote, so both stay then; all that the latter can do is colour.
pub(super) fn tame(text: &str, colour: bool) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut tamed = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(odd) {
        let (before, from) = rest.split_at(at);
        tamed.push_str(before);
        let kept = if colour { colours(from) } else { 0 };
        let mut after = from.chars();
        if kept > 0 {
            tamed.push_str(from.get(..kept).unwrap_or_default());
            rest = from.get(kept..).unwrap_or_default();
            continue;
        }
        if let Some(c) = after.next() {
            // The end of a line of comma-separated values.
            if !(c == '\r' && after.as_str().starts_with('\n')) {
                show(&mut tamed, c);
            }
        }
        rest = after.as_str();
    }
    tamed.push_str(rest);
    Cow::Owned(tamed)
}

/// How many bytes at the beginning set a colour or a weight (ECMA-48, "select graphic rendition").
fn colours(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end {
        Some(end) if parameters.get(end..).is_some_and(|rest| rest.starts_with('m')) => end + 3,
        _ => 0,
    }
}

fn show(shown: &mut String, c: char) {
    match c.is_control() {
        true => shown.extend(c.escape_default()),
        false => shown.push(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_and_colours_stay_and_nothing_else() {
        assert_eq!(tame("a\tb\nc", false), "a\tb\nc");
        assert_eq!(tame("\u{1b}[1;31mred\u{1b}[0m", true), "\u{1b}[1;31mred\u{1b}[0m");
        assert_eq!(tame("\u{1b}[1;31mred\u{1b}[0m", false), "\\u{1b}[1;31mred\\u{1b}[0m");
        assert_eq!(tame("\u{1b}[2Jgone\u{7}", true), "\\u{1b}[2Jgone\\u{7}");
        assert_eq!(tame("\u{1b}]0;title\u{7}\u{9b}2J", true), "\\u{1b}]0;title\\u{7}\\u{9b}2J");
        assert_eq!(tame("a,b\r\nc\rd", false), "a,b\nc\\rd");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_a_terminal_is_left(text in "(?s)[\\x00-\\x1f\\x7f-\\x9fa-z\\[;0-9m]*") {
            let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            prop_assert!(!tame(&text, false).contains(steers));
            prop_assert!(!plain(&text).contains(char::is_control));
            let coloured = tame(&text, true);
            for (at, _) in coloured.match_indices(steers) {
                prop_assert!(colours(coloured.get(at..).unwrap()) > 0);
            }
        }
    }
}
