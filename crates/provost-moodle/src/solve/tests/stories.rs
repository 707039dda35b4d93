use super::*;

const MOODLE_45: (u64, u32) = (2_024_100_702, 405);

fn solved(plugins: Vec<(&str, Option<usize>, Vec<Facts>)>) -> Solution {
    World::new(plugins).solve(moodle(MOODLE_45.0, MOODLE_45.1)).expect("it fits")
}

fn failed(plugins: Vec<(&str, Option<usize>, Vec<Facts>)>) -> Failure {
    World::new(plugins).solve(moodle(MOODLE_45.0, MOODLE_45.1)).expect_err("it does not fit")
}

#[test]
fn the_newest_that_fits_is_taken_and_the_others_are_explained() {
    let solution = solved(vec![
        (
            "local_one",
            None,
            vec![
                facts(5, "$plugin->requires = 2025041400;"),
                Err("no such file".to_owned()),
                facts(4, "$plugin->dependencies = ['local_two' => 9, 'mod_forum' => ANY_VERSION];"),
                facts(3, "$plugin->dependencies = ['local_two' => 7];"),
            ],
        ),
        ("local_two", None, vec![facts(8, ""), facts(7, "")]),
    ]);
    assert_eq!(chosen(&solution), "local_one 3, local_two 8");
    let passed = &solution.choices[&component("local_one")].passed_over;
    let passed: Vec<String> = passed.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(passed.join("\n"), @"
    c0 (5) needs Moodle 2025041400 (5.0) or newer; this one is 2024100702 (4.5.2)
    c1: no such file
    c2 (4) needs local_two 9 or newer; here is 8
    ");
    let two = &solution.choices[&component("local_two")];
    assert_eq!(
        two.needed_by,
        [NeededBy { component: component("local_one"), dependency: Dependency::AtLeast(version(7)) }]
    );
}

#[test]
fn no_more_is_asked_for_than_it_takes() {
    let many = |top: u64| {
        (0..100).map(|age| facts(top - age, "$plugin->supported = [401, 405];")).collect::<Vec<_>>()
    };
    let mut world = World::new(vec![("local_one", None, many(200)), ("local_two", Some(50), many(200))]);
    world.solve(moodle(MOODLE_45.0, MOODLE_45.1)).expect("it fits");
    let asked: Vec<String> =
        world.asked.iter().map(|need| format!("{} {}", need.component, need.candidate)).collect();
    assert_eq!(asked, ["local_one 0", "local_two 50"]);
}

#[test]
fn what_authors_support_goes_first_unless_it_is_pinned() {
    let candidates =
        || vec![facts(3, "$plugin->supported = [500, 501];"), facts(2, "$plugin->supported = [401, 405];")];
    let solution = solved(vec![("local_one", None, candidates()), ("local_two", Some(0), candidates())]);
    assert_eq!(chosen(&solution), "local_one 2, local_two 3");
    let [one, two] = ["local_one", "local_two"].map(|name| &solution.choices[&component(name)]);
    insta::assert_snapshot!(one.passed_over[0], @"c0 (3) its authors support Moodle 5.0 to 5.1 only");
    assert_eq!(two.warnings, [Misfit::Unsupported { first: 500, last: 501 }]);
}

#[test]
fn of_authors_who_are_late_the_newest_is_taken_and_no_older_one_looked_at() {
    let late =
        vec![facts(3, "$plugin->supported = [401, 404];"), facts(2, "$plugin->supported = [401, 403];")];
    let mut world = World::new(vec![("local_one", None, late)]);
    let solution = world.solve(moodle(MOODLE_45.0, MOODLE_45.1)).expect("it fits");
    assert_eq!((chosen(&solution).as_str(), world.asked.len()), ("local_one 3", 1));
    assert_eq!(solution.choices[&component("local_one")].warnings.len(), 1);
}

#[test]
fn support_gives_way_to_what_another_plugin_needs() {
    let solution = solved(vec![
        ("local_one", None, vec![facts(3, "$plugin->supported = [500, 501];"), facts(2, "")]),
        ("local_two", Some(0), vec![facts(1, "$plugin->dependencies = ['local_one' => 3];")]),
    ]);
    assert_eq!(chosen(&solution), "local_one 3, local_two 1");
}

#[test]
fn a_missing_dependency_is_to_be_added() {
    let failure = failed(vec![
        (
            "local_one",
            None,
            vec![
                facts(3, "$plugin->dependencies = ['tool_absent' => 30];"),
                facts(2, "$plugin->dependencies = ['tool_absent' => 20];"),
            ],
        ),
        ("local_two", None, vec![facts(1, "$plugin->dependencies = ['local_one' => ANY_VERSION];")]),
    ]);
    insta::assert_snapshot!(failure, @"
    local_one:
      c0 (3) needs tool_absent 30 or newer, which is not there
      c1 (2) needs tool_absent 20 or newer, which is not there
      so: add tool_absent 20 or newer
    ");
}

#[test]
fn everything_that_blocks_is_named_and_what_would_fit() {
    let mut world = World::new(vec![
        (
            "local_new",
            None,
            vec![facts(3, "$plugin->requires = 2025100600;"), facts(2, "$plugin->requires = 2025041400;")],
        ),
        ("local_old", Some(1), vec![facts(5, ""), facts(4, ""), facts(3, "")]),
        ("local_fine", None, vec![facts(1, "")]),
        ("local_user", None, vec![facts(2, "$plugin->dependencies = ['local_old' => 5];")]),
        ("local_none", None, vec![]),
    ]);
    let offered = [(2_025_100_600, 501), (2_025_041_400, 500), (2_024_042_200, 404)];
    let offered =
        offered.map(|(number, branch)| Offered { label: branch.to_string(), moodle: moodle(number, branch) });
    let solver = world.solver(moodle(MOODLE_45.0, MOODLE_45.1)).offering(offered.to_vec());
    let failure = world.drive(solver).expect_err("it does not fit");
    insta::assert_snapshot!(failure, @"
    local_new:
      c0 (3) needs Moodle 2025100600 (5.1) or newer; this one is 2024100702 (4.5.2)
      c1 (2) needs Moodle 2025041400 (5.0) or newer; this one is 2024100702 (4.5.2)
      so: local_new fits Moodle 2025041400 (5.0) or newer
    local_none: has no version to choose from
    local_old: c1 (4) is the newest that fits here
    local_user: c0 (2) needs local_old 5 or newer; here is 4
      so: local_old fits at c0 (5)
    ");
}

#[test]
fn the_nearest_moodle_on_which_all_fits_is_named() {
    let mut world =
        World::new(vec![("local_one", Some(0), vec![facts(3, "$plugin->requires = 2025041400;")])]);
    let offered = [
        (2_023_100_900, 403),
        (2_026_042_000, 502),
        (2_025_041_400, 500),
        (2_024_042_200, 404),
        (2_024_100_702, 405),
    ];
    let offered =
        offered.map(|(number, branch)| Offered { label: branch.to_string(), moodle: moodle(number, branch) });
    let solver = world.solver(moodle(MOODLE_45.0, MOODLE_45.1)).offering(offered.to_vec());
    let failure = world.drive(solver).expect_err("it does not fit");
    assert_eq!(failure.moodle.as_deref(), Some("500"));
}

#[test]
fn odd_input_is_survived() {
    let mut solver = World::new(vec![("local_one", Some(7), vec![facts(3, "")])]).solver(moodle(1, 405));
    solver.supply(&Need { component: component("local_two"), candidate: 0 }, Err(String::new()));
    solver.supply(&Need { component: component("local_one"), candidate: 9 }, Err(String::new()));
    assert!(matches!(solver.step(), Step::Failed(_)), "pinned to what is not there");
    let mut empty = Solver::new(moodle(1, 405), BTreeMap::new());
    assert!(matches!(empty.step(), Step::Solved(solution) if solution.choices.is_empty()));
    let own = solved(vec![(
        "local_one",
        None,
        vec![
            facts(3, "$plugin->dependencies = ['local_one' => 4];"),
            facts(2, "$plugin->dependencies = ['local_one' => 2];"),
        ],
    )]);
    assert_eq!(chosen(&own), "local_one 2", "a plugin may ask for itself");
    let unsorted =
        solved(vec![("local_one", None, vec![facts(1, "$plugin->supported = [500, 500];"), facts(2, "")])]);
    assert_eq!(chosen(&unsorted), "local_one 2");
}

/// As many plugins as a large codebase has, each with many versions and dependent on the next, and nearly all of them too
/// new: what a resolution costs at worst.
#[test]
fn a_large_codebase_is_solved_soon() {
    let begun = std::time::Instant::now();
    let plugin = |at: u64| {
        let candidates = (0..60).map(|age| {
            let requires =
                if age < 50 { "$plugin->requires = 2025041400;" } else { "$plugin->supported = [405, 405];" };
            facts(
                100 - age,
                &format!(
                    "{requires} $plugin->dependencies = ['local_p{}' => {}];",
                    (at + 1) % 60,
                    45 + at % 3
                ),
            )
        });
        (format!("local_p{at}"), candidates.collect::<Vec<_>>())
    };
    let plugins: Vec<(String, Vec<Facts>)> = (0..60).map(plugin).collect();
    let mut world =
        World::new(plugins.iter().map(|(name, facts)| (name.as_str(), None, facts.clone())).collect());
    let solution = world.solve(moodle(MOODLE_45.0, MOODLE_45.1)).expect("it fits");
    assert!(solution.choices.values().all(|chosen| chosen.candidate == 50));
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
