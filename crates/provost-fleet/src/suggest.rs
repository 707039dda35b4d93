//! "Did you mean": the nearest of what is known.

/// The known word nearest to a given one, if it is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = given.chars().count().max(3) / 3 + 1;
    let ranked = known.into_iter().map(|word| (distance(given, word), word));
    ranked.filter(|(distance, _)| *distance <= far).min().map(|(_, word)| word)
}

/// Optimal string alignment: insertions, deletions, changes and swaps of neighbours, one each.
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut now = vec![i + 1];
        for (j, b) in two.iter().enumerate() {
            let change = last[j] + usize::from(a != b);
            let mut best = change.min(last[j + 1] + 1).min(now[j] + 1);
            if i > 0 && j > 0 && *a == two[j - 1] && one[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            now.push(best);
        }
        before = std::mem::replace(&mut last, now);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["codebase", "database", "dataroot", "url"];
        assert_eq!(nearest("databse", known), Some("database"));
        assert_eq!(nearest("codebsae", known), Some("codebase"));
        assert_eq!(nearest("ulr", known), Some("url"));
        assert_eq!(nearest("favourite", known), None);
    }
}
