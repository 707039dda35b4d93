//! The pages of settings are found without the whole tree of the site administration, and are those of it.

use crate::environment::TestEnv;

/// Asks for each setting of the whole tree alone, with the agent's own code.
const CODE: &str = r"<?php
global $CFG, $ADMIN;
require_once($CFG->libdir . '/adminlib.php');
require_once('{pages}');
$all = \provost\setting_pages::all();
$ADMIN = null;
[$found, $faults] = [0, []];
foreach ($all as $key => $setting) {
    $alone = \provost\setting_pages::of([explode('/', $key, 2)]);
    if ($alone === null) {
        continue;
    }
    $found++;
    if (!isset($alone[$key]) || get_class($alone[$key]) !== get_class($setting)) {
        $faults[] = $key;
    }
}
printf('%d of %d found alone; faults: %s', $found, count($all), implode(' ', $faults));
";

pub(super) fn are_those_of_the_whole_tree(env: &TestEnv) {
    // The site's own user reads it.
    let pages = env.path("setting_pages.php");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../php/agent/setting_pages.php");
    std::fs::copy(source, &pages).unwrap();
    let script = env.path("pages.php");
    std::fs::write(&script, CODE.replace("{pages}", pages.to_str().unwrap())).unwrap();
    let told = env.run(&["php", script.to_str().unwrap(), "--site", "hugo"]);
    assert_eq!(told.code, 0, "{told}");
    let line = told.stdout.lines().find(|line| line.contains("found alone")).unwrap().trim();
    let numbers: Vec<usize> =
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).take(2).collect();
    assert!(line.ends_with("faults:") || line.ends_with("faults: "), "{line}");
    assert!(numbers[1] > 1000 && numbers[0] * 10 > numbers[1] * 8, "{line}");
}
