//! What holds for every backup, and for every heap of bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Limits, checked_path, examine};
use super::packed::{entries, gzip, indexed, read, tar, zip};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_packed_is_found(contents in vec(vec(any::<u8>(), 0..2000), 0..6)) {
        let mut contents = contents;
        contents.sort();
        contents.dedup();
        let slices: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        let all = entries(&slices);
        for packed in [gzip(&tar(&indexed(all.clone()))), zip(&all)] {
            let found = read(&packed).unwrap();
            prop_assert_eq!(found.contents, contents.len() as u64);
            prop_assert_eq!(found.content_bytes, contents.iter().map(|bytes| bytes.len() as u64).sum::<u64>());
            prop_assert!(found.whole().is_ok());
        }
    }

    /// One byte of the packed file changed: refused, or of no consequence.
    #[test]
    fn a_changed_byte_changes_nothing_unseen(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let whole = gzip(&tar(&indexed(entries(&[b"one", &[9; 3000]]))));
        let digest = read(&whole).unwrap().digest;
        let mut changed = whole.clone();
        let at = at.index(whole.len());
        changed[at] ^= 1 << bit;
        if let Ok(found) = read(&changed) {
            prop_assert_eq!(&found.digest, &digest);
            prop_assert!(found.whole().is_ok());
        }
    }

    /// One byte of the unpacked tar changed, so that gzip has no say.
    #[test]
    fn a_changed_byte_of_the_tar_is_never_another_content(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut bytes = tar(&indexed(entries(&[b"one", &[9; 3000]])));
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(found) = read(&gzip(&bytes)) {
            prop_assert_eq!(found.contents, 2);
            prop_assert_eq!(found.content_bytes, 3003);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..3000), magic in 0..3usize) {
        let mut bytes = bytes;
        let begin: &[u8] = [b"\x1f\x8b\x08\0".as_slice(), b"PK\x03\x04", b""][magic];
        bytes.splice(0..0, begin.iter().copied());
        drop(examine(std::io::Cursor::new(&bytes), &Limits::default()));
        drop(read(&gzip(&bytes)));
    }

    #[test]
    fn a_checked_path_stays_below(name in "[a-z./\\\\é\\x00-\\x1f]{0,30}") {
        if let Ok(path) = checked_path(name.as_bytes()) {
            let joined = std::path::Path::new("/root").join(path);
            prop_assert!(joined.starts_with("/root"));
            prop_assert!(joined.components().all(|part| !matches!(part, std::path::Component::ParentDir | std::path::Component::CurDir)));
        }
    }
}
