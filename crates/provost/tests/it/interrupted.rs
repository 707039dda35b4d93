//! Ctrl-C in each step: it ends in order and says how to go on, nothing of it stays at work, and the next apply goes on.

use std::time::Duration;

use rustix::process::Signal;

use crate::environment::TestEnv;
use crate::faults::wait;
use crate::moodle::Moodle;

/// All that take long enough to be met; writing a virtual host does not.
const STEPS: [&str; 4] =
    ["build/main/assemble", "server/main/make", "database/hugo/create", "site/hugo/install"];

/// Begins an apply and interrupts it in a step. Whether it was in time: some steps are done in no time.
fn interrupt_in(env: &TestEnv, step: &str) -> bool {
    let mut apply = env.spawn(&["apply"]);
    let begun = format!("] {step}\n");
    let in_it = wait(Duration::from_mins(5), || {
        let said = env.background();
        if said.contains(&begun) {
            return Some(true);
        }
        said.contains("Applied: ").then_some(false)
    });
    apply.signal(Signal::INT);
    let code = apply.wait();
    let said = env.background();
    if code == Some(0) {
        println!("{step} was done before it could be interrupted");
        return false;
    }
    assert_eq!(code, Some(130), "in {step}: {said}");
    assert!(in_it, "{said}");
    assert!(said.contains("interrupted; run `provost apply` again to go on"), "in {step}: {said}");
    let left = env.left_at_work();
    assert!(left.is_empty(), "in {step}: {left:#?}");
    true
}

#[test]
fn an_apply_interrupted_in_each_step_says_so_and_the_next_one_goes_on() {
    let env = TestEnv::with_fleet(&Moodle::real(), &["hugo"]);
    let mut interrupted = Vec::new();
    for step in STEPS {
        // Steps run side by side: what one interruption let finish is not there for the next.
        if !env.run(&["plan"]).stdout.contains(&format!(" {step}  ")) {
            println!("{step} was done beside another one");
            continue;
        }
        if interrupt_in(&env, step) {
            interrupted.push(step);
            assert_ne!(env.site_state("hugo"), "installed", "after {step}");
        }
    }
    assert!(interrupted.contains(&"site/hugo/install"), "only {interrupted:?}");
    let completed = env.run(&["apply"]);
    assert_eq!(completed.code, 0, "{completed}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}
