use proptest::prelude::*;

use super::*;

fn locked(release: &str) -> LockedCodebase {
    LockedCodebase {
        declared: Digest::of(b"declared"),
        tree: "b".repeat(40),
        moodle: LockedMoodle {
            request: "4.5+".to_owned(),
            source: "https://example.org/moodle.git".to_owned(),
            reference: "refs/heads/MOODLE_405_STABLE".to_owned(),
            rule: "tip of MOODLE_405_STABLE".to_owned(),
            commit: "a".repeat(40),
            release: release.to_owned(),
            version: "2024100701.05".to_owned(),
            branch: "405".to_owned(),
        },
        plugins: BTreeMap::from([(
            "mod_attendance".parse().unwrap(),
            LockedPlugin {
                source: "https://example.org/attendance.git".to_owned(),
                reference: "refs/tags/v1".to_owned(),
                commit: "c".repeat(40),
                version: "2024072401".to_owned(),
                release: Some("4.4.1".to_owned()),
                path: "mod/attendance".to_owned(),
            },
        )]),
    }
}

fn lock(release: &str) -> Lock {
    Lock { codebases: BTreeMap::from([("lts".parse().unwrap(), locked(release))]) }
}

#[test]
fn a_lock_is_written_a_fact_a_line() {
    insta::assert_snapshot!(lock("4.5.1+ (Build: 20241213)").to_toml());
}

#[test]
fn a_conflict_is_told_as_one() {
    let text = lock("4.5.1").to_toml().replace("tree = ", "<<<<<<< HEAD\ntree = ");
    insta::assert_snapshot!(Lock::parse("fleet.lock", &text).unwrap_err(), @r"
    error: the lock holds a merge conflict
     --> fleet.lock:6:1
      |
    6 | <<<<<<< HEAD
      | ^^^^^^^
      |
      = help: take either side, then run `provost apply`: it resolves what is stale
    ");
}

#[test]
fn a_lock_of_another_form_is_refused() {
    let text = lock("4.5.1").to_toml().replace("version = 1\n", "version = 2\n");
    assert!(Lock::parse("fleet.lock", &text).unwrap_err().to_string().contains("the lock has version 2"));
    assert!(Lock::parse("fleet.lock", "version = 1\n[codebase.lts]\n").is_err());
}

#[test]
fn a_changed_declaration_makes_an_entry_stale() {
    let text = "[fleet]\nname = \"f\"\n[codebase.lts]\nmoodle = \"4.5+\"\n";
    let fleet = crate::load("fleet.toml", text).unwrap().fleet;
    let name: Name = "lts".parse().unwrap();
    let mut lock = lock("4.5.1");
    assert_eq!(lock.status(&fleet, &name), LockStatus::Stale);
    lock.codebases.get_mut(&name).unwrap().declared = declaration_digest(&fleet.codebases[&name]);
    assert!(matches!(lock.status(&fleet, &name), LockStatus::Current(_)));
    assert_eq!(Lock::default().status(&fleet, &name), LockStatus::Missing);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(release in "\\PC*") {
        let lock = lock(&release);
        prop_assert_eq!(Lock::parse("fleet.lock", &lock.to_toml()).unwrap(), lock);
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        // Any answer will do, as long as there is one.
        prop_assert!(Lock::parse("fleet.lock", &text).is_ok() || !text.is_empty() || text.is_empty());
    }
}
