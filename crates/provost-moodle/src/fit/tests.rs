use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn component(text: &str) -> Component {
    text.parse().expect("a component")
}

fn plugin(body: &str) -> PluginVersion {
    PluginVersion::read(format!("<?php\n$plugin->version = 2024010100;\n{body}").as_bytes()).expect(body)
}

/// Moodle 4.5.2 with one plugin that it ships.
fn moodle() -> Moodle {
    let core = CoreVersion::read(b"<?php $version = 2024100702.00; $release = '4.5.2'; $branch = '405';");
    let plugins = BTreeMap::from([(component("mod_forum"), version("2024100700"))]);
    Moodle::new(&core.expect("plain"), plugins).expect("a number")
}

fn said(body: &str) -> String {
    let moodle = moodle();
    let misfits = misfits(&plugin(body), &moodle, &moodle.plugins);
    let said =
        misfits.iter().map(|misfit| format!("{}{misfit}", if misfit.is_hard() { "" } else { "soft: " }));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn says_what_does_not_fit() {
    insta::assert_snapshot!(said("$plugin->requires = 2025041400;"), @"needs Moodle 2025041400 (5.0) or newer; this one is 2024100702.00 (4.5.2)");
    insta::assert_snapshot!(said("$plugin->requires = 2024112200.05;"), @"needs Moodle 2024112200.05 or newer; this one is 2024100702.00 (4.5.2)");
    insta::assert_snapshot!(said("$plugin->requires = 2007101509;"), @"needs Moodle 2007101509: it was written for Moodle 1");
    insta::assert_snapshot!(said("$plugin->incompatible = 405;"), @"does not run on Moodle 4.5 and newer");
    insta::assert_snapshot!(said("$plugin->supported = [39, 311];"), @"soft: its authors support Moodle 3.9 to 3.11 only");
    insta::assert_snapshot!(said("$plugin->supported = [500, 500];"), @"soft: its authors support Moodle 5.0 only");
    insta::assert_snapshot!(
        said("$plugin->dependencies = ['mod_forum' => 2024100701, 'local_one' => ANY_VERSION, 'local_two' => 7];"),
        @"
    needs local_one, which is not there
    needs local_two 7 or newer, which is not there
    needs mod_forum 2024100701 or newer; here is 2024100700
    "
    );
}

#[test]
fn what_fits_has_nothing_said_of_it() {
    for body in [
        "",
        "$plugin->requires = 2024100702;",
        "$plugin->requires = 0;",
        "$plugin->supported = [401, 405];",
        "$plugin->incompatible = 500;",
        "$plugin->dependencies = ['mod_forum' => 2024100700];",
        "$plugin->dependencies = ['mod_forum' => ANY_VERSION];",
    ] {
        assert_eq!(said(body), "", "{body}");
    }
}

#[test]
fn a_branch_is_a_number() {
    let core = CoreVersion::read(b"<?php $version = 1; $release = 'x'; $branch = 'master';").expect("plain");
    let error = Moodle::new(&core, BTreeMap::new()).expect_err("no number");
    insta::assert_snapshot!(error, @"Moodle's `$branch` is `master`, which is no branch number, as in 405");
}

#[test]
fn releases_are_known_by_their_numbers() {
    let release = |text| release_of(&version(text));
    assert_eq!(release("2024042203.01").as_deref(), Some("4.4.3"));
    assert_eq!(release("2025041400").as_deref(), Some("5.0"));
    assert_eq!(release("2021051718").as_deref(), Some("3.11.18"));
    for unknown in ["2025011700.01", "20241007", "202410070", "1", "20241007001"] {
        assert_eq!(release(unknown), None, "{unknown}");
    }
}

proptest! {
    #[test]
    fn only_support_is_soft(requires in 2_020_000_000u64..2_030_000_000, incompatible in 390u32..510, first in 390u32..510, last in 390u32..510) {
        let plugin = plugin(&format!(
            "$plugin->requires = {requires}; $plugin->incompatible = {incompatible}; $plugin->supported = [{first}, {last}];"
        ));
        let misfits = with_moodle(&plugin, &moodle());
        let refused = requires > 2_024_100_702 || incompatible <= 405;
        prop_assert_eq!(misfits.iter().any(Misfit::is_hard), refused);
        prop_assert_eq!(misfits.iter().any(|misfit| !misfit.is_hard()), !(first <= 405 && 405 <= last));
    }
}
