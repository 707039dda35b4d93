//! Which name was perhaps meant.

/// How many names are compared with a misspelt one; each costs a few microseconds.
const NAMES_COMPARED: usize = 20_000;

/// The name that differs from `wanted` in the fewest characters, if those are few.
pub(crate) fn nearest_name<'a, T: AsRef<str> + Ord + ?Sized>(
    wanted: &str,
    names: impl Iterator<Item = &'a T>,
) -> Option<&'a T> {
    let most = (wanted.chars().count() / 3).clamp(1, 3);
    names
        .take(NAMES_COMPARED)
        .filter(|name| name.as_ref().len().abs_diff(wanted.len()) <= 4 * most)
        .map(|name| (distance(wanted, name.as_ref()), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// How many characters must be put in, taken out or exchanged to make `b` of `a`; letter case counts for nothing.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, &above) in b.iter().zip(row.iter().skip(1)) {
            let exchanged = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            left = exchanged.min(above + 1).min(left + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
