use std::error::Error as _;

use proptest::prelude::*;

use super::*;

const CORE: &[u8] = br#"{
    "plugintypes": {"mod": "mod", "tool": "admin\/tool", "block": "blocks", "editor": "lib/editor"},
    "subsystems": {"access": null, "admin": "admin"},
    "deprecatedplugintypes": {"mnetservice": "mnet/service"},
    "deletedplugintypes": {"assignment": "mod/assignment/type"},
    "somethingnew": [1]
}"#;

fn component(text: &str) -> Component {
    text.parse().expect("a component")
}

fn directory(types: &PluginTypes, text: &str) -> Option<String> {
    types.directory(&component(text))
}

fn refused(json: &str) -> String {
    let error = PluginTypes::parse(json.as_bytes()).expect_err(json);
    error.source().map_or(error.to_string(), |source| format!("{error}: {source}"))
}

#[test]
fn finds_directories() {
    let types = PluginTypes::parse(CORE).expect("valid");
    assert_eq!(directory(&types, "mod_attendance").as_deref(), Some("mod/attendance"));
    assert_eq!(directory(&types, "tool_lifecycle").as_deref(), Some("admin/tool/lifecycle"));
    assert_eq!(directory(&types, "quizaccess_seb"), None);
    assert_eq!(types.iter().count(), 4);
}

#[test]
fn types_that_are_given_up_are_told_from_unknown_ones() {
    let types = PluginTypes::parse(CORE).expect("valid");
    assert_eq!(directory(&types, "mnetservice_enrol"), None);
    assert_eq!(types.retired("mnetservice"), Some(Retired::Deprecated));
    assert_eq!(types.retired("assignment"), Some(Retired::Deleted));
    assert_eq!(types.retired("mod"), None);
}

#[test]
fn subplugins_come_in_two_schemas() {
    let mut types = PluginTypes::parse(CORE).expect("valid");
    let old = br#"{"plugintypes": {"quiz": "mod\/quiz\/report"}}"#;
    types.add_subplugins(&component("mod_quiz"), old).expect("old schema");
    assert_eq!(directory(&types, "quiz_overview").as_deref(), Some("mod/quiz/report/overview"));
    let new = br#"{"subplugintypes": {"tiny": "plugins"}, "plugintypes": {"tiny": "wrong"}}"#;
    types.add_subplugins(&component("editor_tiny"), new).expect("new schema");
    assert_eq!(directory(&types, "tiny_h5p").as_deref(), Some("lib/editor/tiny/plugins/h5p"));
    types.add_subplugins(&component("editor_tiny"), new).expect("the same again");
    // A plugin that gives its types up has only these.
    let gone = br#"{"deprecatedsubplugintypes": {"oldtype": "types"}}"#;
    types.add_subplugins(&component("mod_old"), gone).expect("nothing left");
    assert_eq!(types.retired("oldtype"), Some(Retired::Deprecated));
}

#[test]
fn subplugins_that_clash_or_have_no_home_are_refused() {
    let mut types = PluginTypes::parse(CORE).expect("valid");
    let clash = types.add_subplugins(&component("mod_evil"), br#"{"subplugintypes": {"tool": "x"}}"#);
    insta::assert_snapshot!(clash.expect_err("taken"), @"plugin type `tool` is at `admin/tool` already; mod_evil cannot have it at `mod/evil/x`");
    let homeless = types.add_subplugins(&component("quiz_overview"), b"{}");
    insta::assert_snapshot!(homeless.expect_err("no home"), @"quiz_overview is of a plugin type that this Moodle does not have");
    let climbing =
        types.add_subplugins(&component("mod_evil"), br#"{"subplugintypes": {"x": "../../../etc"}}"#);
    insta::assert_snapshot!(climbing.expect_err("climbs"), @"plugin type `x` has the directory `mod/evil/../../../etc`, which does not stay inside the tree");
    assert_eq!(types, PluginTypes::parse(CORE).expect("valid"), "a refusal changes nothing");
}

#[test]
fn says_what_is_wrong() {
    insta::assert_snapshot!(refused("{}"), @"not a list of plugin types: missing field `plugintypes` at line 1 column 2");
    insta::assert_snapshot!(refused(r#"{"plugintypes": {}}"#), @"it names no plugin types");
    insta::assert_snapshot!(refused(r#"{"plugintypes": {"Mod": "mod"}}"#), @"`Mod` cannot be a plugin type");
    insta::assert_snapshot!(refused(r#"{"plugintypes": {"mod": "/etc"}}"#), @"plugin type `mod` has the directory `/etc`, which does not stay inside the tree");
    insta::assert_snapshot!(refused(r#"{"plugintypes": {"mod": ""}}"#), @"plugin type `mod` has the directory ``, which does not stay inside the tree");
}

/// What a `db/subplugins.php` of `mod_old` adds, or why nothing.
fn added_by_php(body: &str) -> String {
    let mut types = PluginTypes::parse(CORE).expect("valid");
    match types.add_subplugins_php(&component("mod_old"), format!("<?php\n{body}").as_bytes()) {
        Ok(()) => types.directory(&component("oldtype_one")).unwrap_or("nothing".to_owned()),
        Err(error) => {
            assert_eq!(types, PluginTypes::parse(CORE).expect("valid"), "a refusal changes nothing");
            error.source().map_or(error.to_string(), |source| format!("{error}: {source}"))
        }
    }
}

#[test]
fn subplugins_of_old_are_read_without_running_them() {
    let guard = "defined('MOODLE_INTERNAL') || die();";
    assert_eq!(
        added_by_php(&format!("{guard} $subplugins = array('oldtype' => 'mod/old/types',);")),
        "mod/old/types/one"
    );
    assert_eq!(added_by_php("$subplugins = ['oldtype' => \"mod/old/types\"];"), "mod/old/types/one");
    assert_eq!(added_by_php(guard), "nothing");
    insta::assert_snapshot!(added_by_php("$subplugins = (array) json_decode(file_get_contents(__DIR__ . '/subplugins.json'))->plugintypes;"), @"line 2: `$subplugins` is computed; only PHP can tell its value");
    insta::assert_snapshot!(added_by_php("$subplugins = ['oldtype' => MY_PATH];"), @"line 2: `$subplugins` is computed; only PHP can tell its value");
    insta::assert_snapshot!(added_by_php("include('other.php');"), @"line 2: `$subplugins` is computed; only PHP can tell its value");
    insta::assert_snapshot!(added_by_php("$subplugins = 'oldtype';"), @"line 2: `$subplugins` should be an array of plugin types and directories, not the string 'oldtype'");
    insta::assert_snapshot!(added_by_php("$subplugins = ['oldtype'];"), @"line 2: `$subplugins` should be an array of plugin types and directories, not the string 'oldtype' without a name");
    insta::assert_snapshot!(added_by_php("$subplugins = ['oldtype' => '../x'];"), @"plugin type `oldtype` has the directory `../x`, which does not stay inside the tree");
    insta::assert_snapshot!(added_by_php("$subplugins = ['tool' => 'mod/old/types'];"), @"plugin type `tool` is at `admin/tool` already; mod_old cannot have it at `mod/old/types`");
    insta::assert_snapshot!(added_by_php("$subplugins = ['a"), @"not a list of plugin types: line 2: a string that begins here does not end");
}

#[test]
fn only_some_plugins_may_bring_types() {
    assert!(PluginTypes::takes_subplugins(&component("mod_quiz")));
    assert!(!PluginTypes::takes_subplugins(&component("block_html")));
}

#[test]
fn layout_is_decided_by_what_is_there() {
    let tree = |files: &'static [&str]| Layout::detect(move |path| files.contains(&path));
    let flat = tree(&["version.php", "lib/components.json"]).expect("a tree");
    assert_eq!((flat.web_root(), flat.plugin_path("mod/x")), ("", "mod/x".to_owned()));
    let public =
        tree(&["public/version.php", "public/lib/components.json", "lib/setup.php"]).expect("a tree");
    assert_eq!((public.web_root(), public.plugin_path("mod/x")), ("public", "public/mod/x".to_owned()));
    assert_eq!(public.components_json(), "public/lib/components.json");
    assert_eq!(tree(&["version.php", "public/index.html"]), None);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(PluginTypes::parse(&bytes).is_err());
        let mut types = PluginTypes::parse(CORE).expect("valid");
        let source = [b"<?php ".as_slice(), &bytes].concat();
        let _added = types.add_subplugins_php(&component("mod_old"), &source);
    }

    #[test]
    fn directories_never_leave_the_tree(path in "[a-z./\\\\]{0,12}") {
        let json = serde_json::json!({"plugintypes": {"mod": path}}).to_string();
        if let Ok(types) = PluginTypes::parse(json.as_bytes()) {
            let directory = directory(&types, "mod_x").expect("known type");
            prop_assert!(!directory.starts_with('/') && !directory.split('/').any(|part| part == ".."));
        }
    }
}
