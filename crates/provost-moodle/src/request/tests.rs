use proptest::prelude::*;

use super::*;
use crate::refs::Refs;

fn refused(text: &str) -> String {
    text.parse::<MoodleRequest>().expect_err(text).to_string()
}

fn refs(branches: &[&str], tags: &[&str]) -> Refs {
    let place =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("commit of {name}"))).collect();
    Refs { branches: place(branches), tags: place(tags), head: Some("main".to_owned()) }
}

fn upstream() -> Refs {
    refs(
        &[
            "main",
            "MOODLE_39_STABLE",
            "MOODLE_311_STABLE",
            "MOODLE_405_STABLE",
            "MOODLE_500_STABLE",
            "MOODLE_501_STABLE",
        ],
        &[
            "v3.9.0",
            "v3.11.1",
            "v4.5.0",
            "v4.5.0-beta",
            "v4.5.0-rc1",
            "v4.5.9",
            "v4.5.10",
            "v4.5.2",
            "v5.0.0-beta",
            "v2.7",
            "v2.7.0",
            "custom",
            "v4.4",
            "v5.1.0-rc2",
            "v4.3.1.1",
        ],
    )
}

fn chosen(text: &str) -> String {
    match text.parse::<MoodleRequest>().expect(text).choose(&upstream()) {
        Ok(choice) => format!("{} ({})", choice.reference, choice.rule),
        Err(error) => error.to_string(),
    }
}

#[test]
fn stable_branches_are_named_as_upstream_names_them() {
    for (major, minor, branch) in [
        (3, 9, "MOODLE_39_STABLE"),
        (3, 11, "MOODLE_311_STABLE"),
        (4, 4, "MOODLE_404_STABLE"),
        (4, 12, "MOODLE_412_STABLE"),
        (5, 0, "MOODLE_500_STABLE"),
    ] {
        let minor = Minor { major, minor };
        assert_eq!(minor.stable_branch(), branch);
        assert_eq!(Minor::of_stable_branch(branch), Some(minor));
    }
    for other in ["MOODLE__STABLE", "MOODLE_45_STABLE", "MOODLE_é05_STABLE", "MOODLE_4005_STABLE", "main"] {
        assert_eq!(Minor::of_stable_branch(other), None, "{other}");
    }
}

#[test]
fn chooses_what_was_meant() {
    insta::assert_snapshot!(chosen("4.5"), @"refs/tags/v4.5.10 (newest tag of 4.5)");
    insta::assert_snapshot!(chosen("4.5+"), @"refs/heads/MOODLE_405_STABLE (tip of MOODLE_405_STABLE)");
    insta::assert_snapshot!(chosen("3.11+"), @"refs/heads/MOODLE_311_STABLE (tip of MOODLE_311_STABLE)");
    insta::assert_snapshot!(chosen("4.5.2"), @"refs/tags/v4.5.2 (tag of release 4.5.2)");
    insta::assert_snapshot!(chosen("4.4.0"), @"refs/tags/v4.4 (tag of release 4.4.0)");
    insta::assert_snapshot!(chosen("2.7"), @"refs/tags/v2.7.0 (newest tag of 2.7)");
    insta::assert_snapshot!(chosen("v4.5.0-beta"), @"refs/tags/v4.5.0-beta (tag v4.5.0-beta)");
    insta::assert_snapshot!(chosen("main"), @"refs/heads/main (tip of branch main)");
    insta::assert_snapshot!(chosen("refs/tags/custom"), @"refs/tags/custom (tag custom)");
    insta::assert_snapshot!(chosen(&"a1".repeat(20)), @"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1 (commit as given)");
}

#[test]
fn names_the_nearest_when_there_is_none() {
    insta::assert_snapshot!(chosen("6.0"), @"no tag v6.0.x; the newest minor here is 4.5 (v4.5.10)");
    insta::assert_snapshot!(chosen("5.1"), @"no tag v5.1.x; the newest minor here is 4.5 (v4.5.10); v5.1.0-rc2 is no release; `5.1+` would take MOODLE_501_STABLE");
    insta::assert_snapshot!(chosen("4.1"), @"no tag v4.1.x; the nearest minor here is 3.11 (v3.11.1)");
    insta::assert_snapshot!(chosen("2.1"), @"no tag v2.1.x; the nearest minor here is 2.7 (v2.7.0)");
    insta::assert_snapshot!(chosen("4.5.11"), @"no tag v4.5.11; the newest of 4.5 here is v4.5.10");
    insta::assert_snapshot!(chosen("4.12+"), @"no branch MOODLE_412_STABLE; the nearest stable branch here is MOODLE_405_STABLE");
    insta::assert_snapshot!(chosen("mian"), @"no tag or branch `mian`; here are 15 tags and 6 branches; the default branch is main");
    insta::assert_snapshot!(chosen("MOODLE_405_STABEL"), @"no tag or branch `MOODLE_405_STABEL`; did you mean `MOODLE_405_STABLE`?");
    insta::assert_snapshot!(chosen("refs/heads/custom"), @"no tag or branch `refs/heads/custom`; did you mean `custom`?");
    let fork = refs(&["main"], &[]);
    let none =
        |text: &str| text.parse::<MoodleRequest>().expect(text).choose(&fork).expect_err(text).to_string();
    insta::assert_snapshot!(none("4.5"), @"no tag v4.5.x; here are no release tags; the default branch is main");
    insta::assert_snapshot!(none("4.5+"), @"no branch MOODLE_405_STABLE; here are no stable branches; the default branch is main");
}

#[test]
fn a_name_that_means_two_things_is_refused() {
    let mut both = refs(&["twin"], &["twin"]);
    let request: MoodleRequest = "twin".parse().expect("a name");
    assert!(request.choose(&both).is_ok(), "both are at the same commit");
    both.branches.insert("twin".to_owned(), "elsewhere".to_owned());
    insta::assert_snapshot!(request.choose(&both).expect_err("ambiguous"), @"`twin` is a tag and a branch, at different commits; write `refs/tags/twin` or `refs/heads/twin`");
    let branch: MoodleRequest = "refs/heads/twin".parse().expect("a name");
    assert_eq!(branch.choose(&both).expect("said which").commit, "elsewhere");
}

#[test]
fn says_why_a_text_is_refused() {
    insta::assert_snapshot!(refused(""), @"a Moodle version cannot be empty; write one as in `4.5`, `4.5+` or `4.5.1`, or a tag, branch or commit");
    insta::assert_snapshot!(refused("4.5.x"), @"`4.5.x` is no Moodle version; write `4.5` for its newest release, `4.5+` for the tip of its stable branch, or `4.5.1` for one release (a branch or tag of such a name: `refs/heads/…`, `refs/tags/…`)");
    insta::assert_snapshot!(refused("0.5"), @"Moodle 0.5 cannot be; the oldest that can be named is 2.0");
    insta::assert_snapshot!(refused("1.9+"), @"Moodle 1.9 cannot be; the oldest that can be named is 2.0");
    insta::assert_snapshot!(refused("v 4"), @"`v 4` can be no version, tag or branch: it has a space or a control character in it");
    insta::assert_snapshot!(refused("deadbeef"), @"`deadbeef` looks like an abbreviated commit, which can come to mean another one; give all 40 digits");
    for version in [
        "99",
        "4",
        "4.05",
        "4.5.1+",
        "4.5++",
        "4.5.1.2",
        "4..5",
        "4.",
        "4+",
        "2024042200",
        "4.5-rc1",
        "4.99999",
    ] {
        assert!(
            matches!(version.parse::<MoodleRequest>(), Err(RequestError::Impossible { .. })),
            "{version}"
        );
    }
    for name in
        ["-x", "a..b", "a/.b", "a//b", "/a", "a/", "x.lock", "x.", "@", "a@{1}", "a*", "a\\b", "a:b", "a\0b"]
    {
        assert!(matches!(name.parse::<MoodleRequest>(), Err(RequestError::NoRefName { .. })), "{name}");
    }
}

#[test]
fn travels_as_a_string() {
    let request: MoodleRequest = serde_json::from_str("\"4.5+\"").expect("valid");
    assert_eq!(request, MoodleRequest::TipOfStable(Minor { major: 4, minor: 5 }));
    assert_eq!(serde_json::to_string(&request).expect("serialises"), "\"4.5+\"");
    let choice = request.choose(&upstream()).expect("there");
    assert_eq!(choice.short_reference(), "MOODLE_405_STABLE");
    insta::assert_snapshot!(serde_json::to_string(&choice).expect("serialises"), @r#"{"reference":"refs/heads/MOODLE_405_STABLE","commit":"commit of MOODLE_405_STABLE","rule":"tip of MOODLE_405_STABLE"}"#);
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_the_same(text in "\\PC{0,50}|[0-9.+x]{1,8}|[a-f0-9]{6,41}") {
        if let Ok(request) = text.parse::<MoodleRequest>() {
            prop_assert_eq!(request.to_string().parse::<MoodleRequest>(), Ok(request.clone()));
            if !matches!(request, MoodleRequest::Commit(_)) {
                prop_assert_eq!(request.to_string(), text);
            }
        }
    }

    #[test]
    fn the_newest_is_newest_by_number(patches in proptest::collection::btree_set(0u32..2000, 1..20)) {
        let tags: Vec<String> = patches.iter().map(|patch| format!("v4.5.{patch}")).collect();
        let refs = refs(&[], &tags.iter().map(String::as_str).collect::<Vec<_>>());
        let choice = "4.5".parse::<MoodleRequest>().expect("valid").choose(&refs).expect("there");
        prop_assert_eq!(choice.short_reference(), format!("v4.5.{}", patches.last().expect("one")));
    }
}
