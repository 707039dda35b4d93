use proptest::prelude::*;

use super::*;

fn plugin(body: &str) -> Result<PluginVersion, VersionFileError> {
    PluginVersion::read(format!("<?php\n{body}").as_bytes())
}

fn refused(body: &str) -> String {
    plugin(body).expect_err(body).to_string()
}

fn version(body: &str) -> String {
    plugin(body).expect(body).version.to_string()
}

#[test]
fn reads_moodle_itself() {
    let source = b"#!/usr/bin/env php\n<?php\n/* core */ defined('MOODLE_INTERNAL') || die();\n\n\
        $version  = 2024042203.01;  // 20240422 = a date\n$release = '4.4.3+ (Build: 20240903)';\n\
        $branch = '404'; # the branch\n$maturity = MATURITY_STABLE;\n";
    let read = CoreVersion::read(source).expect("plain assignments");
    insta::assert_snapshot!(serde_json::to_string_pretty(&read).expect("serialises"), @r#"
    {
      "version": "2024042203.01",
      "release": "4.4.3+ (Build: 20240903)",
      "branch": "404",
      "maturity": "stable"
    }
    "#);
}

#[test]
fn reads_every_field_of_a_plugin() {
    let read = plugin(
        "defined('MOODLE_INTERNAL') || die('No.');
        $plugin = new stdClass();
        $plugin->component = \"mod_example\";
        $plugin->version = 2024010100.50;
        $plugin->requires = '2023100900';
        $plugin->release = 2024010100; // A number will do.
        $plugin->supported = array(403, 405,);
        $plugin->incompatible = 500;
        $plugin->maturity = \\MATURITY_RC;
        $plugin->cron = 0;
        $plugin->dependencies = [
            'mod_forum' => ANY_VERSION,
            'tool_log' => 2022041900.00,
        ] ?>",
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&read.expect("plain")).expect("serialises"), @r#"
    {
      "component": "mod_example",
      "version": "2024010100.50",
      "requires": "2023100900",
      "release": "2024010100",
      "supported": [
        403,
        405
      ],
      "incompatible": 500,
      "dependencies": {
        "mod_forum": "any",
        "tool_log": {
          "at-least": "2022041900.00"
        }
      },
      "maturity": "release-candidate",
      "dynamic": []
    }
    "#);
}

#[test]
fn reads_what_older_plugins_write() {
    assert_eq!(
        version(
            "if (!defined('MOODLE_INTERNAL')) {\n die('Direct access');\n}\n$module->version = 2012010100;"
        ),
        "2012010100"
    );
    assert_eq!(version("defined('MOODLE_INTERNAL') or exit;\n$plugin->version='2012010100';"), "2012010100");
    assert_eq!(version("declare(strict_types=1);\nglobal $CFG;\n$plugin->version = 1;"), "1");
    assert_eq!(version("$plugin->version = 1;\nreturn;\n$plugin->version = 2;"), "1");
    assert_eq!(version("$plugin->version = 1;\n$plugin->version = 2;"), "2");
    assert_eq!(version("$plugin->version = 1; $module = new stdClass; $module->version = 3;"), "3");
    assert_eq!(version("$plugin->version = 1; if ($CFG->branch > 3) { foo($CFG); }"), "1");
    assert_eq!(version("$plugin->version = 1; $plugin->x = $plugin->version . 'a';"), "1");
}

#[test]
fn what_needs_php_is_dynamic() {
    insta::assert_snapshot!(refused("$plugin->version = 2024 + 1;"), @"line 2: `$plugin->version` is computed; only PHP can tell its value");
    let dynamic = [
        "$plugin->version = time();",
        "$plugin->version = SOME_CONSTANT;",
        "$plugin->version = 0x1F;",
        "$plugin->version = 017;",
        "$plugin->version = 1_000;",
        "$plugin->version = \"2024$x\";",
        "$plugin->version = <<<X\n2024\nX;",
        "$plugin->version = 1; $plugin->version += 1;",
        "$plugin->version = 1; $plugin->version++;",
        "$plugin->version = 1; foo($plugin);",
        "$plugin->version = 1; include('other.php');",
        "include('other.php');",
        "$plugin->version = 1; if ($x) $plugin->version = 2;",
        "$plugin->version = 1; if ($x) { $plugin->version = 2; }",
        "if ($x): \n$plugin->version = 2;\nendif;",
        "if ($x) { return; } $plugin->version = 2;",
        "foo() or die(); $plugin->version = 2;",
        "$x = foo() or die(); $plugin->version = 2;",
        "$p = $plugin; $plugin->version = 1; $p->version = 2;",
        "$a = &$plugin->version; $plugin->version = 1; $a = 2;",
        "$plugin->version = 1; $$name = 2;",
        "$plugin->version = 1; $plugin->requires = $plugin->version = 4;",
        "$plugin = (object)['version' => 1];",
        "$plugin->version = 1; foreach ([2] as $plugin->version) {}",
    ];
    for body in dynamic {
        assert!(matches!(plugin(body), Err(VersionFileError::Dynamic { .. })), "{body}: {:?}", plugin(body));
    }
}

#[test]
fn lines_for_the_oldest_moodles_are_understood() {
    for body in [
        "if (isset($CFG->yui3version) && version_compare($CFG->yui3version, '3.15.0') < 0) { $plugin = new stdClass(); }
         $plugin->version = 1; if (empty($CFG)) { $module = clone($plugin); }",
        "if (!isset($plugin)) { $plugin = new stdClass; $use = 0; } else if ($plugin == 'mod_game') { $plugin = new stdClass; }
         $plugin->version = 1; if ($use != 2) { $module = $plugin; }",
        "$plugin->version = 1; $module = clone $plugin;",
    ] {
        assert_eq!(version(body), "1", "{body}");
    }
    for body in [
        "$plugin->version = 1; if ($x) { $plugin = new stdClass; }",
        "if ($x) { $y = $plugin = new stdClass; } $plugin->version = 1; $y->version = 2;",
        "$plugin->version = 1; $module = $plugin->parent;",
        "if (isset($plugin, $x)) { $plugin = new Something; } $plugin->version = 1;",
        "$plugin->version = 1; if ($plugin = foo()) { bar(); }",
        "if ($x) $plugin = new stdClass; $y = $plugin; $plugin->version = 1;",
    ] {
        assert!(matches!(plugin(body), Err(VersionFileError::Dynamic { .. })), "{body}: {:?}", plugin(body));
    }
}

#[test]
fn a_computed_release_or_maturity_is_left_out_and_named() {
    let read =
        plugin("$plugin->version = 1; $plugin->release = 'v' . 1; $plugin->maturity = X;").expect("version");
    assert_eq!((read.release, read.maturity), (None, None));
    assert_eq!(read.dynamic, BTreeSet::from(["maturity", "release"]));
}

#[test]
fn says_what_is_wrong_and_where() {
    insta::assert_snapshot!(refused(""), @"`$plugin->version` is not set");
    insta::assert_snapshot!(refused("$plugin->version = 'new';"), @"line 2: `$plugin->version` should be a version number, not the string 'new'");
    insta::assert_snapshot!(refused("$plugin->version = 1;\n$plugin->component = 'attendance';"), @"line 3: `$plugin->component` should be a plugin's full name, as in 'mod_attendance', not the string 'attendance'");
    insta::assert_snapshot!(refused("$plugin->version = 1;\n$plugin->supported = [404];"), @"line 3: `$plugin->supported` should be two branch numbers, as in [404, 500], not an array of 1");
    insta::assert_snapshot!(refused("$plugin->version = 1;\n$plugin->dependencies = ['mod_forum'];"), @"line 3: `$plugin->dependencies` should be an array of plugins and versions, as in ['mod_forum' => 2024042200], not an array of 1");
    insta::assert_snapshot!(refused("$plugin->version = 1;\n/* open"), @"line 3: a comment that begins here does not end");
    insta::assert_snapshot!(refused("\n$plugin->release = 'open;"), @"line 3: a string that begins here does not end");
    insta::assert_snapshot!(refused("$plugin->version = 1"), @"line 2: a statement that begins here does not end");
    insta::assert_snapshot!(refused("$plugin->version = 1);"), @"line 2: `)` closes nothing");
    insta::assert_snapshot!(CoreVersion::read(&vec![b' '; crate::php_source::LARGEST + 1]).expect_err("too large"), @"the file has 131073 bytes; at most 131072 are read");
}

#[test]
fn deep_nesting_is_bounded() {
    let body = format!(
        "$plugin->version = 1; $plugin->dependencies = {}1{};",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    assert!(matches!(plugin(&body), Err(VersionFileError::Dynamic { .. })));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = [b"<?php ".as_slice(), &bytes].concat();
        prop_assert_eq!(CoreVersion::read(&text).is_ok(), CoreVersion::read(&text).is_ok());
        let _read = PluginVersion::read(&bytes);
    }

    #[test]
    fn no_fragments_of_php_panic(parts in proptest::collection::vec(proptest::sample::select(vec![
        "<?php ", "?>", "$plugin", "->", "version", "=", "1", ".", "'", "\"", "\\", "[", "]", "(", ")", "{", "}", ";", "/*",
        "*/", "//", "#", "\n", "<<<", "X", "$", "&", "=>", ",", "array", "null", "if", "é", "`", "-", "0x", "e", "return", ":",
    ]), 0..60)) {
        let text = format!("<?php {}", parts.concat());
        let _read = PluginVersion::read(text.as_bytes());
        let _read = CoreVersion::read(text.as_bytes());
    }

    #[test]
    fn versions_survive(whole in 0u64..9_999_999_999, fraction in 0u8..100) {
        let number = format!("{whole}.{fraction:02}");
        prop_assert_eq!(version(&format!("$plugin->version = {number};")), number);
    }
}
