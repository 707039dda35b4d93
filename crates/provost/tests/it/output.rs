//! Standard output that cannot be written to.

use std::process::Stdio;

use crate::environment::TestEnv;
use crate::moodle::Moodle;

/// One of each way to print: a report as text and as JSON, an error as JSON, clap's own texts.
const ALL: [&[&str]; 8] = [
    &["check"],
    &["plan", "--json"],
    &["plan", "--detailed-exitcode"],
    &["--file", "none.toml", "--json", "plan"],
    &["--help"],
    &["help", "plan"],
    &["--version"],
    &["completions", "bash"],
];

fn run(env: &TestEnv, arguments: &[&str], stdout: impl Into<Stdio>) -> (i32, String) {
    let output = env.command(arguments).stdout(stdout).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_full_disk_fails_the_command() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    for arguments in ALL {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (code, stderr) = run(&env, arguments, full);
        assert_eq!(code, 1, "{arguments:?}: {stderr}");
        let told = stderr.matches("error: cannot write to standard output\n  because: No space left").count();
        assert_eq!(told, 1, "{arguments:?}: {stderr}");
    }
    // Wrong usage stays what it is.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let (code, stderr) = run(&env, &["--json", "aply"], full);
    assert!(code == 64 && stderr.contains("cannot write to standard output"), "{code}: {stderr}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    for arguments in ALL {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (closed, stderr) = run(&env, arguments, writer);
        assert_eq!(closed, env.run(arguments).code, "{arguments:?}");
        assert!(!stderr.contains("cannot write"), "{arguments:?}: {stderr}");
    }
}
