use proptest::prelude::*;

use super::*;
use crate::version_php::Version;

fn steps(source: &str, since: u64) -> Vec<String> {
    let since: Version = since.to_string().parse().expect("a version");
    let steps = upgrade_steps(format!("<?php\n{source}").as_bytes(), &since).expect(source);
    steps.iter().map(ToString::to_string).collect()
}

fn brought(old: &str, new: &str) -> Vec<String> {
    new_settings(format!("<?php {old}").as_bytes(), format!("<?php {new}").as_bytes()).expect(new)
}

fn spoken(text: &str) -> Vec<usize> {
    security_lines(text).iter().map(|line| line.number).collect()
}

#[test]
fn steps_are_what_the_old_version_is_compared_with() {
    let source = "
        function xmldb_example_upgrade(int $oldversion): bool {
            // if ($oldversion < 2030010100) is a comment.
            if ($oldversion < 2023042401) { upgrade_mod_savepoint(true, 2023042401, 'example'); }
            if ($oldversion < 2024042200.03 && true) { }
            if ( 2024100700 > $oldversion ) { echo '$oldversion < 2031010100'; }
            if ($oldversion<'2025010100'){ }
            if ($oldversion < 2025010100) { }
            if ($oldversion < $later || $other < 2032010100 || $oldversion > 2033010100) { }
            return true;
        }";
    assert_eq!(steps(source, 2_023_042_401), ["2024042200.03", "2024100700", "2025010100"]);
    assert_eq!(steps(source, 2_025_010_100), Vec::<String>::new());
    assert_eq!(steps("", 0), Vec::<String>::new());
}

#[test]
fn new_settings_are_those_that_only_the_new_file_has() {
    let old = "$settings->add(new admin_setting_configtext('mod_example/kept', 'x', 'y', 1));";
    let new = "
        $settings->add(new admin_setting_configtext('mod_example/kept', 'x', 'y', 2));
        $settings->add(new \\admin_setting_configcheckbox(
            'mod_example/added', // One per line.
            get_string('added', 'mod_example'), '', 0));
        $settings->add(new \\core_admin\\setting\\filesize(\"mod_example/size\", 'x'));
        $name = 'theme_example/logo';
        $setting = new admin_setting_configstoredfile($name, $title, $description, 'logo');
        $name = 'theme_example/' . $computed;
        $setting = new admin_setting_configtext($name, 'x');
        $setting = new admin_setting_configtext('theme_example/' . $i, 'x');
        $setting = new admin_setting_heading('mod_example/heading', 'x', '');
        $page = new admin_settingpage('mod_example_page', 'x');
        $quiet = new stdClass('mod_example/none');
        $core = new admin_setting_configtext('enableexample', 'x', 'y', 1);
    ";
    assert_eq!(
        brought(old, new),
        ["enableexample", "mod_example/added", "mod_example/size", "theme_example/logo"]
    );
    assert_eq!(brought(new, old), Vec::<String>::new());
}

#[test]
fn source_that_is_broken_or_too_large_is_an_error() {
    let since: Version = "1".parse().expect("a version");
    insta::assert_snapshot!(upgrade_steps(b"<?php\n/* ", &since).expect_err("no end"), @"line 2: a comment that begins here does not end");
    insta::assert_snapshot!(settings(&vec![b' '; LARGEST + 1]).expect_err("too large"), @"the file has 1048577 bytes; at most 1048576 are read");
}

#[test]
fn lines_that_speak_of_security_are_found() {
    for line in [
        "Fixes CVE-2024-12345",
        "see msa-25-0007: something",
        "* SECURITY: escape the name",
        "[Security] x",
        "a vulnerability, or several vulnerabilities",
        "reflected XSS in the report",
        "CSRF-token checked",
        "possible SQL  injection",
        "sql-injection",
        "cross-site scripting",
        "Remote code execution",
    ] {
        assert_eq!(spoken(line), [1], "{line}");
    }
    for line in [
        "insecurity and securityish words",
        "cve alone, or MSA without number",
        "an injection of SQL",
        "xssh and maxss",
        "",
        "MDL-12345 fix typo",
    ] {
        assert_eq!(spoken(line), Vec::<usize>::new(), "{line}");
    }
    let found = security_lines("v2\n\n  - \u{1b}[31m XSS fixed\r\n- more\n");
    assert_eq!(found, [SecurityLine { number: 3, text: "- [31m XSS fixed".to_owned() }]);
}

#[test]
fn what_is_returned_is_bounded() {
    let found = security_lines(&format!("XSS {}\n", "é".repeat(1_000)).repeat(1_000));
    assert_eq!((found.len(), found[0].text.chars().count()), (100, 301));
    assert!(security_lines(&format!("{}\nXSS", "é".repeat(3 << 20))).is_empty(), "far behind");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        let since: Version = "1".parse().expect("a version");
        let source = [b"<?php ".as_slice(), &bytes].concat();
        let _results = (upgrade_steps(&source, &since).is_ok(), settings(&source).is_ok(), security_lines(&text).len());
    }

    #[test]
    fn every_step_is_found_in_order(numbers in proptest::collection::vec(1u64..3_000_000_000, 0..10), since in 0u64..3_000_000_000) {
        let source: Vec<String> = numbers.iter().map(|number| format!("if ($oldversion < {number}) {{}}")).collect();
        let mut expected: Vec<u64> = numbers.into_iter().filter(|&number| number > since).collect();
        expected.sort_unstable();
        expected.dedup();
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        prop_assert_eq!(steps(&source.join("\n"), since), expected);
    }
}
