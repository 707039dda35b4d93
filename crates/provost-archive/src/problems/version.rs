//! Versions of Moodle and of plugins: decimal numbers, kept as text because a fraction of a date does not fit a float.

use std::cmp::Ordering;

/// Whether one version is older than another; `None` where one of them is no version.
pub fn is_older(one: &str, than: &str) -> Option<bool> {
    let (one, than) = (parts(one)?, parts(than)?);
    Some(one.cmp(&than) == Ordering::Less)
}

/// The whole number, and the fraction without zeros at its end, as text: `.1` is `.10`.
fn parts(text: &str) -> Option<(u128, &str)> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let plain = !whole.is_empty() && [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit());
    Some((whole.parse().ok().filter(|_| plain)?, fraction.trim_end_matches('0')))
}
