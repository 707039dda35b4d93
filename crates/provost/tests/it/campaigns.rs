//! `script/campaign build-kills` and `site-kills`, with a small fixed count.

use std::process::Command;

use camino::Utf8PathBuf;

#[path = "../../examples/build_kills/campaign.rs"]
mod build_kills;
#[path = "../../examples/site_kills/campaign.rs"]
mod site_kills;

#[test]
fn builds_that_are_killed_leave_nothing_broken() {
    // In memory where there is such a place: every build that brings files syncs, and a disk at work makes that slow.
    let memory = std::path::Path::new("/dev/shm");
    let above = if memory.is_dir() { memory } else { std::path::Path::new("/tmp") };
    let directory = tempfile::Builder::new().prefix("pvk").tempdir_in(above).unwrap();
    let work = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let campaign = build_kills::Campaign {
        program: env!("CARGO_BIN_EXE_provost").into(),
        work: work.clone(),
        seed: 1,
        count: 2,
        moodle: None,
        tell: |line| println!("{line}"),
    };
    let outcome = campaign.run().unwrap();
    // Builds are read-only.
    Command::new("chmod").args(["-R", "u+w", work.as_str()]).status().unwrap();
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert!(outcome.json["builds_read"].as_u64() > Some(2), "{}", outcome.json);
}

#[test]
fn sites_that_are_killed_end_whole_or_not_at_all() {
    // As root, sites have accounts of their own, which must come to their files.
    let directory = tempfile::Builder::new().prefix("pvs").tempdir_in("/tmp").unwrap();
    let work = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    Command::new("chmod").args(["755", work.as_str()]).status().unwrap();
    let campaign = site_kills::Campaign {
        program: env!("CARGO_BIN_EXE_provost").into(),
        work: work.clone(),
        seed: 7,
        count: 6,
        moodle: None,
        tell: |line| println!("{line}"),
    };
    let outcome = campaign.run().unwrap();
    // Builds are read-only.
    Command::new("chmod").args(["-R", "u+w", work.as_str()]).status().unwrap();
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert!(outcome.json["looked"].as_u64() > Some(2), "{}", outcome.json);
}
