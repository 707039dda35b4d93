//! What is wrong with the input is told, with its place and the next step, and nothing is lost.

use crate::environment::TestEnv;
use crate::moodle::Moodle;

#[test]
fn every_fault_of_a_file_at_once() {
    let env = TestEnv::new();
    env.write_fleet(
        "[fleet]\nname = \"Academie\"\n\n[codebase.lts]\nmoodle = \"4.5.x\"\n\n[site.hugo]\nurl = \"hugo.example.org\"\n\
         codebase = \"lst\"\ndatabse = \"main\"\n\n[site.\"../zola\"]\nurl = \"http://zola:8080\"\ncodebase = \"lts\"\n",
    );
    insta::assert_snapshot!(env.filter(&env.run(&["check"]).to_string()));
}

#[test]
fn faults_for_programs() {
    let env = TestEnv::new();
    env.write_fleet("[fleet]\nname = \"f\"\nfavourite = 1\n");
    let output = env.run(&["--json", "check"]);
    let told: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(told["error"]["diagnostics"][0]["line"], 3);
    assert_eq!(output.code, 1);
}

#[test]
fn no_file() {
    let env = TestEnv::new();
    insta::assert_snapshot!(env.run(&["plan"]), @r"
    ------- stderr -------
    error: there is no fleet file `fleet.toml`
      hint: `provost init` writes one; `--file` names another
    [exit status: 1]
    ");
}

#[test]
fn init_never_writes_over_a_file() {
    let env = TestEnv::new();
    env.write_fleet("precious");
    let output = env.run(&["init"]);
    insta::assert_snapshot!(output, @r"
    ------- stderr -------
    error: `fleet.toml` is there already
      hint: edit it, or give another `--file`
    [exit status: 4]
    ");
    assert_eq!(env.fleet(), "precious");
}

#[test]
fn wrong_usage_is_64() {
    let env = TestEnv::new();
    assert_eq!(env.run(&["aply"]).code, 64);
    assert_eq!(env.run(&["--help"]).code, 0);
}

#[test]
fn wrong_usage_for_programs() {
    let env = TestEnv::new();
    let output = env.run(&["plan", "--json", "--nope"]);
    insta::assert_snapshot!(output, @r#"
    {
      "error": {
        "chain": [
          "unexpected argument '--nope' found"
        ],
        "code": 64,
        "diagnostics": null,
        "hint": "try '--help'."
      }
    }
    ------- stderr -------
    error: unexpected argument '--nope' found

    Usage: provost plan --json

    For more information, try '--help'.
    [exit status: 64]
    "#);
    // Not a flag here, and so not asked for.
    assert_eq!(env.run(&["plan", "--nope", "--", "--json"]).stdout, "");
}

#[test]
fn every_error_has_its_code() {
    let env = TestEnv::new();
    let code = |arguments: &[&str]| {
        let output = env.run(arguments);
        let told: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(told["error"]["code"], output.code, "{output}");
        output.code
    };
    assert_eq!(code(&["--json", "plan"]), 1);
    env.write_fleet("precious");
    assert_eq!(code(&["--json", "init"]), 4);
    assert_eq!(code(&["--json", "aply"]), 64);
}

#[test]
fn a_conflict_in_the_lock_is_told() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    std::fs::write(env.path("fleet.lock"), "<<<<<<< HEAD\nversion = 1\n").unwrap();
    let output = env.run(&["plan"]);
    assert!(output.stderr.contains("the lock holds a merge conflict"), "{output}");
    assert_eq!(output.code, 1);
}

#[test]
fn a_source_that_is_not_there_is_told() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo"]);
    env.write_fleet(&env.fleet().replace(&env.path("moodle").display().to_string(), "/nowhere/moodle.git"));
    let output = env.run(&["plan"]);
    assert!(output.stderr.contains("`/nowhere/moodle.git`"), "{output}");
    assert_eq!(output.code, 1);
}
