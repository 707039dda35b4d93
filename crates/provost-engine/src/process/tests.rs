use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::store::Store;

fn ledger() -> (Arc<Store>, Arc<dyn Ledger>) {
    let store = Arc::new(Store::in_memory().unwrap());
    (store.clone(), store as Arc<dyn Ledger>)
}

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn a_program_gets_its_input_and_only_the_environment_it_is_given() {
    let (_store, ledger) = ledger();
    let program = shell("cat; env | cut -d= -f1 | sort | tr '\\n' ' '")
        .env("GIVEN", "1")
        .input(Input::Bytes(b"hello ".to_vec()));
    let output = run(program, &CancellationToken::new(), &ledger).await.unwrap();
    insta::assert_snapshot!(output.text(), @"hello GIVEN LC_ALL PATH PROVOST_PROCESS PWD ");
}

#[tokio::test]
async fn a_program_with_a_subject_is_recorded_before_it_begins_and_gets_its_whole_input() {
    struct Spy(Arc<Mutex<Vec<(ProcessRecord, bool)>>>);
    impl Ledger for Spy {
        fn begun(&self, record: &ProcessRecord) -> Result<(), ledger::LedgerError> {
            // Before the gate opens the group is a shell that waits.
            let command = std::fs::read_to_string(format!("/proc/{}/comm", record.group))?;
            self.0.lock().unwrap().push((record.clone(), command.trim() == "sh"));
            Ok(())
        }
        fn ended(&self, _record: &ProcessRecord) -> Result<(), ledger::LedgerError> {
            Ok(())
        }
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ledger: Arc<dyn Ledger> = Arc::new(Spy(seen.clone()));
    let program = Program::new("/bin/cat").input(Input::Bytes(b"go on\nplease\n".to_vec())).subject("site/a");
    let output = run(program, &CancellationToken::new(), &ledger).await.unwrap();
    assert_eq!(output.text(), "go on\nplease\n");
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].1 && seen[0].0.subject == "site/a", "{seen:?}");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_begun() {
    struct Full;
    impl Ledger for Full {
        fn begun(&self, _record: &ProcessRecord) -> Result<(), ledger::LedgerError> {
            Err("disk full".into())
        }
        fn ended(&self, _record: &ProcessRecord) -> Result<(), ledger::LedgerError> {
            Ok(())
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let ledger: Arc<dyn Ledger> = Arc::new(Full);
    let program = shell(&format!("touch {}", trace.display())).subject("site/a");
    let error = run(program, &CancellationToken::new(), &ledger).await.unwrap_err();
    assert!(matches!(error, ProcessError::Ledger { .. }), "{error}");
    assert!(!trace.exists());
}

#[tokio::test]
async fn a_deadline_ends_the_whole_group() {
    let (_store, ledger) = ledger();
    let program = shell("sleep 1000 & echo $!; wait").deadline(Duration::from_millis(300));
    let error = run(program, &CancellationToken::new(), &ledger).await.unwrap_err();
    assert!(matches!(error, ProcessError::Deadline { .. }), "{error}");
}

#[tokio::test]
async fn cancelling_ends_the_program() {
    let (_store, ledger) = ledger();
    let cancel = CancellationToken::new();
    let soon = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        soon.cancel();
    });
    let error = run(shell("sleep 1000"), &cancel, &ledger).await.unwrap_err();
    assert!(matches!(error, ProcessError::Cancelled { .. }), "{error}");
}

#[tokio::test]
async fn what_a_dead_provost_left_at_work_is_ended_and_a_stranger_is_not() {
    let (store, ledger) = ledger();
    // The leader ends and leaves a child in its group, as a killed installer's children would be.
    let mut left = start(shell("sleep 1000 & exit 0").subject("site/a"), &ledger).await.unwrap();
    let recorded = store.processes_of("site/a").unwrap().remove(0);
    left.wait().await.unwrap();
    std::mem::forget(left);
    let stranger = ProcessRecord { mark: "other".to_owned(), ..recorded.clone() };
    assert_eq!(end_recorded(&stranger).await, 0, "a group without our mark is not ours");
    assert_eq!(end_recorded(&recorded).await, 1);
    assert_eq!(end_recorded(&recorded).await, 0);
}

#[tokio::test]
async fn a_failure_tells_its_status_and_the_end_of_its_log() {
    let (_store, ledger) = ledger();
    let output =
        run(shell("echo out; echo wrong >&2; exit 3"), &CancellationToken::new(), &ledger).await.unwrap();
    insta::assert_snapshot!(output.ok().unwrap_err(), @r"
    `sh` ended with status 3:
        out
        wrong
    ");
}

#[tokio::test]
async fn a_secret_input_is_not_shown() {
    let program = shell("true").input(Input::Secret(Secret::new("hunter2")));
    assert!(!format!("{program:?}").contains("hunter2"));
}
