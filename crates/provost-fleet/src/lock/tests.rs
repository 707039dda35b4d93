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
            submodules: BTreeMap::new(),
        },
        plugins: BTreeMap::from([(
            "mod_attendance".parse().unwrap(),
            LockedPlugin {
                source: LockedSource::Git {
                    source: "https://example.org/attendance.git".to_owned(),
                    reference: "refs/tags/v1".to_owned(),
                    commit: "c".repeat(40),
                },
                rule: None,
                version: "2024072401".to_owned(),
                release: Some("4.4.1".to_owned()),
                path: "mod/attendance".to_owned(),
                submodules: BTreeMap::new(),
            },
        )]),
        absent: BTreeMap::new(),
        patches: Vec::new(),
    }
}

fn lock(release: &str) -> Lock {
    Lock { codebases: BTreeMap::from([("lts".parse().unwrap(), locked(release))]) }
}

#[test]
fn a_lock_is_written_a_fact_a_line() {
    insta::assert_snapshot!(lock("4.5.1+ (Build: 20241213)").to_toml(), @r#"
    # Written by provost: which commits the fleet file was resolved to. Keep it in git; do not edit it.
    version = 1

    [codebase.lts]
    declared = "f833228cb8681bbf3e38af9de7a212dfc542b3e3ba1312ec8a45bb2b67605dc7"
    tree = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

    [codebase.lts.moodle]
    request = "4.5+"
    source = "https://example.org/moodle.git"
    reference = "refs/heads/MOODLE_405_STABLE"
    rule = "tip of MOODLE_405_STABLE"
    commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    release = "4.5.1+ (Build: 20241213)"
    version = "2024100701.05"
    branch = "405"

    [codebase.lts.plugins.mod_attendance]
    source = "https://example.org/attendance.git"
    reference = "refs/tags/v1"
    commit = "cccccccccccccccccccccccccccccccccccccccc"
    version = "2024072401"
    release = "4.4.1"
    path = "mod/attendance"
    "#);
}

/// With every kind of part there is.
fn everything() -> LockedCodebase {
    let mut codebase = locked("4.5.1");
    let submodule = LockedSubmodule {
        source: "https://example.org/library.git".to_owned(),
        reference: Some("refs/heads/stable".to_owned()),
        commit: "d".repeat(40),
    };
    let mut plugin = codebase.plugins.values().next().unwrap().clone();
    plugin.submodules = BTreeMap::from([("lib/a \"b\"\\".to_owned(), submodule)]);
    codebase.plugins.insert("mod_hvp".parse().unwrap(), plugin.clone());
    plugin.submodules.clear();
    plugin.rule = Some("newest release for Moodle 4.5".to_owned());
    plugin.source = LockedSource::Zip {
        location: "vendor/paid.zip".to_owned(),
        sha256: "e".repeat(64),
        tree: "f".repeat(40),
    };
    codebase.plugins.insert("local_paid".parse().unwrap(), plugin.clone());
    plugin.source = LockedSource::Directory { path: "plugins/own".to_owned(), tree: "f".repeat(40) };
    codebase.plugins.insert("local_own".parse().unwrap(), plugin);
    codebase.absent.insert("mod_chat".parse().unwrap(), "mod/chat".to_owned());
    let patch = |path: &str| LockedPatch { path: path.to_owned(), sha256: "a".repeat(64) };
    codebase.patches = vec![patch("patches/2 of 2.patch"), patch("patches/1.patch")];
    codebase
}

#[test]
fn every_kind_of_part_is_written_and_read_back() {
    let lock = Lock { codebases: BTreeMap::from([("lts".parse().unwrap(), everything())]) };
    let text = lock.to_toml();
    insta::assert_snapshot!("everything", text);
    assert_eq!(Lock::parse("fleet.lock", &text).unwrap(), lock);
    // Steps and records hold it as JSON.
    let json = serde_json::to_string(&everything()).unwrap();
    assert_eq!(serde_json::from_str::<LockedCodebase>(&json).unwrap(), everything());
}

#[test]
fn a_plugin_has_one_source() {
    let lock = Lock { codebases: BTreeMap::from([("lts".parse().unwrap(), everything())]) };
    let text = lock.to_toml().replace("zip = ", "directory = ");
    assert!(Lock::parse("fleet.lock", &text).unwrap_err().to_string().contains("or directory and tree"));
    let text = lock.to_toml().replace("mod/chat", "../chat");
    assert!(Lock::parse("fleet.lock", &text).unwrap_err().to_string().contains("stays inside the tree"));
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
    let text = text.replace("version = 2\n", "version = 2\nfuture = true\n");
    let told = Lock::parse("fleet.lock", &text).unwrap_err().to_string();
    assert!(told.contains("fleet.lock:2:1") && told.contains("a later Provost wrote it"), "{told}");
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

#[test]
fn nothing_in_a_lock_leads_elsewhere() {
    let told = |from: &str, to: &str| {
        let text = lock("4.5.1").to_toml();
        assert!(text.contains(from), "{from}");
        Lock::parse("fleet.lock", &text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    insta::assert_snapshot!(told(&"b".repeat(40), "../../etc"), @r#"
    error: a git object id has 40 hexadecimal digits in lower case
     --> fleet.lock:6:8
      |
    6 | tree = "../../etc"
      |        ^^^^^^^^^^^
      |
      = help: the lock is written by provost; take it back from git
    "#);
    assert!(told("mod/attendance", "../../etc").contains("stays inside the tree"));
    assert!(told("mod/attendance", "/etc").contains("stays inside the tree"));
    assert!(told("https://example.org/moodle.git", "--upload-pack=x").contains("does not begin with `-`"));
    assert!(told("refs/tags/v1", "--all").contains("no git reference"));
    assert!(told(&"c".repeat(40), "HEAD").contains("40 hexadecimal digits"));
    assert!(told("rule = ", "rul = ").contains("unknown field `rul`"));
}

fn any_codebase() -> impl Strategy<Value = LockedCodebase> {
    ("[0-9a-f]{40}", "\\PC*", "\\PC*", "[a-z]{2,9}", proptest::option::of("\\PC*")).prop_map(
        |(object, release, rule, plugin, plugin_release)| {
            let mut codebase = locked(&release);
            codebase.declared = Digest::of(rule.as_bytes());
            codebase.tree = object;
            codebase.moodle.rule = rule;
            if let Some((_, mut locked)) = codebase.plugins.pop_first() {
                locked.release = plugin_release;
                locked.path = format!("mod/{plugin}");
                codebase.plugins.insert(format!("mod_{plugin}").parse().unwrap(), locked);
            }
            codebase
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(codebases in proptest::collection::btree_map("[a-z][a-z0-9_-]{0,39}", any_codebase(), 0..4)) {
        let codebases = codebases.into_iter().map(|(name, codebase)| (name.parse().unwrap(), codebase)).collect();
        let lock = Lock { codebases };
        prop_assert_eq!(Lock::parse("fleet.lock", &lock.to_toml()).unwrap(), lock);
    }

    #[test]
    fn no_text_panics(text in "\\PC*|(version = 1\n)?\\[codebase\\.[a-z]{1,4}\\]\n([a-z]{1,6} = ('[a-z]*'|[0-9])\n){0,3}") {
        match Lock::parse("fleet.lock", &text) {
            // What is read is read the same again.
            Ok(lock) => prop_assert_eq!(Lock::parse("fleet.lock", &lock.to_toml()), Ok(lock)),
            Err(faults) => prop_assert!(faults.render(true).contains("error")),
        }
    }
}
