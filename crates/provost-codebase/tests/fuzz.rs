//! `script/campaign fuzz`, with a small fixed count and nothing but its own files.

#[path = "../examples/fuzz/campaign.rs"]
mod campaign;
#[path = "../examples/fuzz/mbz.rs"]
mod mbz;
#[path = "../examples/fuzz/mutate.rs"]
mod mutate;

#[test]
fn mutated_files_break_no_reader_and_lead_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let work = camino::Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
    let time = std::time::Duration::from_mins(1);
    let outcome = campaign::Campaign { work, seed: 1, rounds: 2, time, cache: None }.run().unwrap();
    assert!(outcome.findings.is_empty(), "{:#?}", outcome.findings);
    let accepted = outcome.json["accepted"].as_object().unwrap();
    assert!(
        accepted.len() == 6 && accepted.values().all(|count| count.as_u64() > Some(0)),
        "{}",
        outcome.json
    );
}
