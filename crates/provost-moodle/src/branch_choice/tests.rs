use proptest::prelude::*;

use super::*;

fn refs(branches: &[&str], tags: &[&str], head: Option<&str>) -> Refs {
    let at =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("commit of {name}"))).collect();
    Refs { branches: at(branches), tags: at(tags), head: head.map(str::to_owned) }
}

fn described(choice: &BranchChoice) -> String {
    let one = |found: &PluginRef| format!("{} ({})", found.reference, found.rule);
    match choice {
        BranchChoice::Found(found) => one(found),
        BranchChoice::Ask { tags, otherwise } => {
            let tags: Vec<String> = tags.iter().map(one).collect();
            format!("{}; else {}", tags.join(", "), otherwise.as_ref().map_or("nothing".to_owned(), one))
        }
        BranchChoice::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn the_branch_of_this_moodle_comes_first() {
    let refs = refs(&["MOODLE_404_STABLE", "MOODLE_405_STABLE", "main"], &["v5.0"], Some("main"));
    insta::assert_snapshot!(described(&BranchChoice::of(&refs, 405)), @"refs/heads/MOODLE_405_STABLE (branch MOODLE_405_STABLE)");
    let found = BranchChoice::of(&refs, 404);
    assert!(matches!(found, BranchChoice::Found(found) if found.commit == "commit of MOODLE_404_STABLE"));
}

#[test]
fn then_tags_are_asked_and_never_an_older_stable_branch() {
    let refs =
        refs(&["MOODLE_311_STABLE", "main"], &["v4.5-r9", "v4.5-r10", "v5.0-beta1", "latest"], Some("main"));
    insta::assert_snapshot!(described(&BranchChoice::of(&refs, 405)), @"refs/tags/v4.5-r10 (newest tag whose authors support 4.5), refs/tags/v4.5-r9 (newest tag whose authors support 4.5), refs/tags/v5.0-beta1 (newest tag whose authors support 4.5); else refs/heads/main (default branch `main`)");
}

#[test]
fn then_the_default_branch() {
    insta::assert_snapshot!(described(&BranchChoice::of(&refs(&["MOODLE_404_STABLE", "master"], &["latest"], Some("master")), 405)), @"refs/heads/master (default branch `master`)");
    assert_eq!(BranchChoice::of(&refs(&["MOODLE_404_STABLE", "x"], &[], None), 405), BranchChoice::Nothing);
}

#[test]
fn branch_numbers_are_minor_versions() {
    for (branch, minor) in
        [(39, "3.9"), (310, "3.10"), (311, "3.11"), (400, "4.0"), (405, "4.5"), (501, "5.1")]
    {
        assert_eq!(Minor::of_branch(branch).to_string(), minor);
    }
}

#[test]
fn who_says_nothing_supports_nothing() {
    let plugin = |supported: &str| {
        let source = format!("<?php\n$plugin->version = 1;\n{supported}");
        PluginVersion::read(source.as_bytes()).expect("plain")
    };
    assert!(supports(&plugin("$plugin->supported = [404, 405];"), 405));
    assert!(!supports(&plugin("$plugin->supported = [404, 404];"), 405));
    assert!(!supports(&plugin(""), 405));
}

#[test]
fn tags_are_ordered_as_versions() {
    // Each line in ascending order.
    let ascending = [
        vec![
            "v4.5-alpha",
            "v4.5-beta1",
            "v4.5-beta2",
            "v4.5-RC1",
            "v4.5",
            "v4.5-r1",
            "v4.5-r9",
            "v4.5-r10",
            "v4.5.1",
            "v4.5.9",
            "v4.5.10",
        ],
        vec!["2023100900", "2024042200", "2024100700", "2024100700.01"],
        vec!["1.9", "v1.10", "release-1.11", "Version_2"],
        vec!["beta1.0", "1.0", "2.0-dev", "2.0"],
        vec!["v007", "v8", "v9.0.0", "v10"],
        vec!["v99999999999999999999999999", "v100000000000000000000000000"],
    ];
    for line in ascending {
        for pair in line.windows(2) {
            assert_eq!(compare_tags(pair[0], pair[1]), std::cmp::Ordering::Less, "{pair:?}");
        }
    }
    // Tags of a real plugin, and of one that changed its ways.
    let tags =
        ["v5.1-r4", "v5.2-r1", "v4.0-r10", "v4.0-r2", "v5.1-r6", "v5.2-r2", "v5.3-rc1", "branch_of_old"];
    assert_eq!(
        newest_first(&tags),
        ["v5.2-r2", "v5.2-r1", "v5.1-r6", "v5.1-r4", "v4.0-r10", "v4.0-r2", "v5.3-rc1"]
    );
    // A real plugin's, where `V33` is the 3.3 of 2017.
    assert_eq!(newest_first(&["V3.3", "V33", "V4.4.2RC1", "V4.4.2"]), ["V4.4.2", "V3.3", "V33", "V4.4.2RC1"]);
    assert_eq!(newest_first(&["4.9", "5", "2024100700", "1"]), ["2024100700", "5", "4.9", "1"]);
    assert_eq!(newest_first(&["v9", "v10", "v2"]), ["v10", "v9", "v2"]);
}

proptest! {
    #[test]
    fn the_order_is_an_order(tags in proptest::collection::vec("(v|release-|)[0-9]{0,3}([.-](r|rc|beta|é|)[0-9]{0,3}){0,3}|\\PC{0,12}", 3)) {
        let [a, b, c] = tags.as_slice() else { unreachable!("three") };
        prop_assert_eq!(compare_tags(a, b), compare_tags(b, a).reverse());
        if compare_tags(a, b).is_le() && compare_tags(b, c).is_le() {
            prop_assert!(compare_tags(a, c).is_le());
        }
        prop_assert_eq!(compare_tags(a, a), std::cmp::Ordering::Equal);
    }

    #[test]
    fn numbers_are_numbers(a in 0u64.., b in 0u64..) {
        prop_assert_eq!(compare_tags(&format!("v4.5-r{a}"), &format!("v4.5-r{b}")), a.cmp(&b));
    }

    #[test]
    fn every_tag_with_a_number_is_there_once(tags in proptest::collection::btree_set("[a-z]{0,3}[0-9]{0,2}(-rc)?", 0..12)) {
        let mut sorted = newest_first(&tags);
        sorted.sort_unstable();
        let numbered: Vec<&String> = tags.iter().filter(|tag| tag.bytes().any(|byte| byte.is_ascii_digit())).collect();
        prop_assert_eq!(sorted, numbered);
    }
}
