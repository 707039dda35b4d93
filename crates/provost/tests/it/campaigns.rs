//! `script/campaign build-kills`, with a small fixed count.

use std::process::Command;

use camino::Utf8PathBuf;

#[path = "../../examples/build_kills/campaign.rs"]
mod build_kills;

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
    };
    let outcome = campaign.run().unwrap();
    // Builds are read-only.
    Command::new("chmod").args(["-R", "u+w", work.as_str()]).status().unwrap();
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    assert!(outcome.json["builds_read"].as_u64() > Some(2), "{}", outcome.json);
}
