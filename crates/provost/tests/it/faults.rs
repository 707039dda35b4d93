//! A port in use, a full disk, a damaged repository, a server that dies, somebody else's files.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::environment::{Engine, TestEnv};
use crate::http::Browser;
use crate::moodle::{Moodle, git};

#[test]
fn a_port_in_use_is_told_before_anything_starts() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let taken = std::net::TcpListener::bind(("127.0.0.1", env.port)).unwrap();
    insta::assert_snapshot!(env.filter(&env.run(&["up"]).to_string()), @r"
    ------- stderr -------
    error: cannot listen on 127.0.0.1:[PORT]: it is in use
      hint: end what listens there, or give `[web] listen` another address and the sites' urls its port
    [exit status: 1]
    ");
    drop(taken);
}

#[test]
fn a_damaged_repository_is_named_and_nothing_is_half_done() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let repository = env.path("moodle");
    let blob = git(&repository, &["rev-parse", "HEAD:index.php"]).unwrap();
    std::fs::remove_file(repository.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stderr.contains(&blob) && output.stderr.contains("is damaged"), "{output}");
    assert!(output.stdout.contains("hint: look at it: git -C"), "{output}");
    let left: Vec<_> =
        std::fs::read_dir(env.state().join("made/builds")).into_iter().flatten().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name().to_string_lossy().starts_with('.')), "{left:?}");
    // The object comes back, and so does everything that waited for it.
    git(&repository, &["hash-object", "-w", "index.php"]).unwrap();
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 0, "{output}");
}

#[test]
fn a_full_disk_is_told_and_a_second_apply_completes() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let state = env.state();
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&state).output()
    };
    // A cluster of PostgreSQL needs some 40 MB.
    if !mount("size=20m,mode=755").is_ok_and(|output| output.status.success()) {
        println!("skipped: only root can mount a small disk");
        return;
    }
    let full = env.run(&["apply"]);
    let larger = Command::new("mount").args(["-o", "remount,size=400m"]).arg(&state).status().unwrap();
    let after = env.run(&["apply"]);
    let again = env.run(&["plan"]);
    env.write_fleet(env.fleet().split("\n[site.").next().unwrap());
    env.run(&["--quiet", "apply", "--allow-destroy"]);
    Command::new("umount").arg(&state).status().unwrap();
    assert!(larger.success());
    assert_eq!(full.code, 3, "{full}");
    // PostgreSQL says the second when half a page still fitted.
    let told = ["No space left on device", "Check free disk space"];
    assert!(told.iter().any(|words| full.to_string().contains(words)), "{full}");
    assert_eq!(after.code, 0, "{after}");
    assert_eq!(again.stdout, "Nothing to do.\n", "{again}");
}

#[test]
fn builds_are_shown_and_removed_on_a_full_disk() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &[]);
    let state = env.state();
    std::fs::create_dir_all(&state).unwrap();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs"]).arg(&state).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: only root can mount a small disk");
        return;
    }
    let updated = env.run(&["codebase", "update"]);
    let built = env.run(&["codebase", "build"]);
    // Nothing needs what was built any more.
    std::fs::write(env.path("moodle/more.txt"), "more\n").unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
    git(&env.path("moodle"), &["add", "-A"]).unwrap();
    git(&env.path("moodle"), &[&who[..], &["commit", "-qm", "more"]].concat()).unwrap();
    let moved = env.run(&["codebase", "update"]);
    let fill = std::fs::write(state.join("fill"), vec![1; 40 << 20]);
    let list = env.run(&["codebase", "list"]);
    let collected = env.run(&["codebase", "gc", "--yes"]);
    // With nothing left to give up, what to do is told.
    std::fs::remove_file(state.join("keep/registry.reserve")).ok();
    drop(std::fs::write(state.join("more"), vec![1; 40 << 20]));
    let full = env.run(&["codebase", "list"]);
    let left = std::fs::read_dir(state.join("made/builds")).unwrap().flatten();
    let left = left.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count();
    Command::new("umount").arg(&state).status().unwrap();
    for output in [&updated, &built, &moved, &list, &collected] {
        assert_eq!(output.code, 0, "{output}");
    }
    assert!(fill.is_err(), "the disk is full");
    assert!(full.stderr.contains("no space is left for the registry"), "{full}");
    assert!(full.stderr.contains("hint: free some space"), "{full}");
    assert_eq!(left, 0, "{collected}");
}

#[test]
fn postgresql_killed_in_mid_install() {
    let (told, _) = kill_server_in_mid_install(Engine::Postgresql, "postmaster.pid", |_| {});
    assert!(told.contains("✗ site/hugo/install"), "{told}");
}

/// Moodle's installer may not notice: in the middle of several statements it then goes round for ever, and prints nothing. Here it is
/// stopped before, which looks the same from outside.
#[test]
fn mariadb_killed_in_mid_install() {
    let (told, installer) = kill_server_in_mid_install(Engine::Mariadb, "mariadbd.pid", |env| {
        let lines = env.left_at_work();
        let line = lines.iter().find(|line| line.contains("install_database.php")).unwrap();
        let pid = rustix::process::Pid::from_raw(line.split(' ').next().unwrap().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    });
    assert!(told.contains("lost its connection to the database server `main`"), "{told}");
    assert_eq!(installer, Vec::<String>::new());
}

/// Returns what was told, and the installers that were left.
fn kill_server_in_mid_install(
    engine: Engine,
    pid_file: &str,
    before: impl FnOnce(&TestEnv),
) -> (String, Vec<String>) {
    let env = TestEnv::with_fleet_on(engine, &Moodle::real(), &["hugo"]);
    let mut apply = env.spawn(&["apply"]);
    let pid_file = env.state().join("data/servers/main").join(pid_file);
    let tables = || env.state().join("made/sites/hugo/site.php").exists();
    wait(Duration::from_mins(2), || tables().then_some(()));
    std::thread::sleep(Duration::from_secs(8));
    before(&env);
    let pid: i32 = std::fs::read_to_string(&pid_file).unwrap().lines().next().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).unwrap();
    assert_eq!(apply.wait(), Some(3), "{}", env.background());
    let told = env.background();
    let installers =
        env.left_at_work().into_iter().filter(|line| line.contains("install_database.php")).collect();
    let completed = env.run(&["apply"]);
    assert_eq!(completed.code, 0, "{completed}");
    assert!(completed.stderr.contains("schema clean") || completed.stderr.contains("Moodle"), "{completed}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    (told, installers)
}

#[test]
fn somebody_elses_files_are_never_touched() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    let dataroot = env.state().join("data/sites/hugo");
    std::fs::create_dir_all(&dataroot).unwrap();
    std::fs::write(dataroot.join("precious"), "data").unwrap();
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stdout.contains("blocked: it is there but not ours"), "{output}");
    assert_eq!(std::fs::read_to_string(dataroot.join("precious")).unwrap(), "data");
}

#[test]
fn a_lost_cluster_is_lost_and_not_absent() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let cluster = env.state().join("data/servers/main");
    let away = env.state().join("data/servers/away");
    std::fs::rename(&cluster, &away).unwrap();
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stdout.contains("is a disk not mounted?"), "{output}");
    assert!(!cluster.exists(), "nothing was made in its place");
    std::fs::rename(&away, &cluster).unwrap();
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
}

#[test]
fn a_cluster_of_another_engine_is_told_and_left_as_it_is() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let before = env.fleet();
    env.write_fleet(&before.replace("managed = true\n", "managed = true\nengine = \"mariadb\"\n"));
    for arguments in [&["plan"][..], &["apply", "--allow-destroy"]] {
        let output = env.run(arguments);
        assert!(
            output.stdout.contains("it was made as PostgreSQL, and the file asks for MariaDB"),
            "{output}"
        );
        assert!(output.stdout.contains("x site/hugo blocked"), "{output}");
    }
    assert_eq!(env.status()["servers"][0]["state"], "another engine");
    env.write_fleet(&before);
    assert_eq!(env.run(&["apply"]).stdout, "Nothing to do.\n");
}

#[test]
fn made_files_come_back() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    Command::new("chmod").arg("-R").arg("u+w").arg(env.state().join("made")).status().unwrap();
    std::fs::remove_dir_all(env.state().join("made")).unwrap();
    let output = env.run(&["apply"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(!output.stderr.contains("site/hugo/install"), "the site itself was never gone: {output}");
    let _up = env.up();
    let password = env.secret("site-hugo-admin").unwrap();
    assert!(Browser::new(env.port, "hugo.localhost").login(&password));
}

/// Waits for something.
pub(crate) fn wait<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < patience, "nothing came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
