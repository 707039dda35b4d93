//! How many PHP files a build has: opcache is sized by it.

use camino::Utf8Path;
use provost_engine::paths::Paths;

use crate::store::Store;

/// The most entries of a build that are looked at where its list is lost: ten times Moodle's 30,000. A build has no loops, and this is
/// for an estimate.
const MOST_ENTRIES: usize = 300_000;

/// Counts the PHP files of a build, `config.php` among them: in the list of files that its assembly keeps in the store (3 MB for
/// Moodle), else in its directories. `None` where there is no such build.
pub fn php_files(paths: &Paths, tree: &str) -> Option<u32> {
    let kept = || Store::open(&paths.store()).ok()?.kept_listing(tree.parse().ok()?);
    let build = paths.build(tree);
    let count = match (build.is_dir(), kept()) {
        (false, _) => return None,
        // `MODE blob ID<tab>PATH<NUL>`; of what is at the top, config.php alone is not in the tree.
        (true, Some(list)) => {
            list.split(|byte| *byte == 0).filter(|line| line.ends_with(b".php")).count() + 1
        }
        (true, None) => walk(&build),
    };
    Some(u32::try_from(count).unwrap_or(u32::MAX))
}

fn walk(build: &Utf8Path) -> usize {
    let (mut looked, mut count) = (0, 0);
    let mut waiting = vec![build.as_std_path().to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            looked += 1;
            if looked > MOST_ENTRIES {
                return count;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(entry.path());
            } else if entry.file_name().as_encoded_bytes().ends_with(b".php") {
                count += 1;
            }
        }
    }
    count
}
