use super::*;

fn listing(lines: &[&str]) -> Result<Listing, ListingError> {
    let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    parse_ls_tree(lines.iter().map(|line| line.replace("ID", id) + "\0").collect::<String>().into_bytes())
}

#[test]
fn files_are_read() {
    let read = listing(&["100644 blob ID\ta b", "100755 blob ID\tlib/x", "120000 blob ID\tz"]).unwrap();
    let paths: Vec<_> = read.iter().map(|entry| (entry.mode, entry.path)).collect();
    assert_eq!(
        paths,
        [(Mode::File, &b"a b"[..]), (Mode::Executable, &b"lib/x"[..]), (Mode::Symlink, &b"z"[..])]
    );
    assert_eq!(parse_ls_tree(read.to_ls_tree()).unwrap().to_ls_tree(), read.to_ls_tree());
}

#[test]
fn what_no_build_may_have_is_refused() {
    let error = |line| listing(&[line]).unwrap_err().to_string();
    insta::assert_snapshot!(error("100644 blob ID\ta/../../b"), @"it has a file with the name `a/../../b`, which no build may have");
    insta::assert_snapshot!(error("100644 blob ID\t.GIT/config"), @"it has a file with the name `.GIT/config`, which no build may have");
    insta::assert_snapshot!(error("100644 blob ID\t/etc/passwd"), @"it has a file with the name `/etc/passwd`, which no build may have");
    insta::assert_snapshot!(error("100664 blob ID\told"), @"its list of files makes no sense near `100664 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391	old`");
}

#[test]
fn a_part_replaces_a_directory() {
    let whole =
        listing(&["100644 blob ID\tmod/x/old", "100644 blob ID\tmod/x.php", "100644 blob ID\tz"]).unwrap();
    let part = listing(&["100644 blob ID\tversion.php"]).unwrap();
    let joined = whole.splice("mod/x", &part);
    let paths: Vec<_> = joined.iter().map(|entry| String::from_utf8_lossy(entry.path).into_owned()).collect();
    assert_eq!(paths, ["mod/x.php", "mod/x/version.php", "z"]);
}

#[test]
fn a_submodule_is_no_file_until_something_is_put_there() {
    let plugin =
        listing(&["100644 blob ID\ta", "160000 commit ID\tlib/x", "160000 commit ID\tlib/y"]).unwrap();
    assert_eq!((plugin.len(), plugin.submodules().len()), (1, 2));
    insta::assert_snapshot!(plugin.check_whole().unwrap_err(), @"it has a git submodule at `lib/x`, and nothing says what goes there");
    let library = listing(&["100644 blob ID\tb", "160000 commit ID\tinner"]).unwrap();
    let whole = plugin.splice("lib/y", &library).splice("lib/x", &Listing::default());
    let left: Vec<_> =
        whole.submodules().map(|entry| String::from_utf8_lossy(entry.path).into_owned()).collect();
    assert_eq!((whole.len(), left), (2, vec!["lib/y/inner".to_owned()]));
    whole.splice("lib/y/inner", &library.splice("inner", &library)).check_whole().unwrap_err();
    whole.splice("lib/y", &Listing::default()).check_whole().unwrap();
    listing(&["160000 blob ID\tx"]).unwrap_err();
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes: Vec<u8>) {
        drop(parse_ls_tree(bytes));
    }
}
