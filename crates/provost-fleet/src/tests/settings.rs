//! Settings that the file declares: what can be written, whose counts, and what is refused.

use super::*;
use crate::setting::{Settings, Wish};

fn with(text: &str) -> String {
    format!("{GOOD}\n{text}")
}

fn faults(text: &str) -> String {
    load("fleet.toml", &with(text)).unwrap_err().to_string()
}

fn of(text: &str, site: &str) -> Settings {
    load("fleet.toml", &with(text)).unwrap().fleet.sites[&site.parse().unwrap()].settings.clone()
}

/// Each setting in a line, with where it comes from.
fn told(settings: &Settings) -> String {
    let line = |(key, declared): (&crate::setting::SettingKey, &crate::setting::Declared)| {
        let wish = match &declared.wish {
            Wish::Value(text) => format!("{text:?}"),
            Wish::Secret(_) => "a secret".to_owned(),
            Wish::Absent => "absent".to_owned(),
        };
        format!("{key} {wish} {} {}\n", declared.policy.word(), declared.by)
    };
    settings.iter().map(line).collect()
}

#[test]
fn values_are_what_moodle_stores() {
    let text = "[site.hugo.settings]\n\"core/a\" = true\n\"core/b\" = false\n\"core/c\" = -7\n\"core/d\" = [\"x\", \"y\"]\n\
         \"core/e\" = \"\"\"\none\n  two\n\"\"\"\n\"mod_quiz/f\" = { absent = true }\n\"core/g\" = { file = \"secrets/g\" }\n\
         \"core/h\" = { value = { env = \"H\" } }\n\"core/i\" = { value = 1, policy = \"forced\" }\n\
         \"theme_boost/j/k\" = { value = \"\", policy = \"seeded\" }\n";
    insta::assert_snapshot!(told(&of(text, "hugo")), @r#"
    core/a "1" kept site.hugo
    core/b "0" kept site.hugo
    core/c "-7" kept site.hugo
    core/d "x,y" kept site.hugo
    core/e "one\n  two\n" kept site.hugo
    core/g a secret kept site.hugo
    core/h a secret kept site.hugo
    core/i "1" forced site.hugo
    mod_quiz/f absent kept site.hugo
    theme_boost/j/k "" seeded site.hugo
    "#);
}

#[test]
fn of_several_the_strongest_counts() {
    let text = "[profile.base.settings]\n\"core/a\" = 1\n\"core/b\" = 1\n\"core/c\" = 1\n\"core/d\" = 1\n\
         [profile.late]\nparents = [\"base\"]\nsettings.\"core/b\" = { value = 2, policy = \"forced\" }\n\
         [profile.mine.settings]\n\"core/c\" = 3\n\"core/d\" = 3\n\
         [template.school]\nprofiles = [\"late\"]\nsettings.\"core/a\" = 4\n\
         [site.two]\nurl = \"http://two.localhost:8080\"\ntemplate = \"school\"\nprofiles = [\"mine\"]\nsettings.\"core/d\" = 5\n";
    insta::assert_snapshot!(told(&of(text, "two")), @r#"
    core/a "4" kept template.school
    core/b "2" forced profile.late
    core/c "3" kept profile.mine
    core/d "5" kept site.two
    "#);
    let fleet = load("fleet.toml", &with(text)).unwrap().fleet;
    assert!(fleet.templates[&"school".parse().unwrap()].site.settings.is_empty());
    assert!(fleet.sites[&"hugo".parse().unwrap()].settings.is_empty());
}

#[test]
fn what_cannot_be_is_told_with_its_place() {
    insta::assert_snapshot!(faults(
        "[profile.a]\nparents = [\"b\"]\n[profile.b]\nparents = [\"a\", \"bb\"]\n[profile.a.settings]\n\
        theme = \"boost\"\n\"core/x\" = 1.5\n\"core/y\" = 1979-05-27\n\"core/z\" = [1]\n\"Core/q\" = 1\n\"core/version\" = 1\n\
        \"core/r\" = { value = 1, policy = \"force\" }\n\"core/s\" = { policy = \"kept\" }\n\"core/t\" = { value = 1, absent = true }\n\
        \"core/u\" = { valeu = 1 }\n\"core/v\" = { env = \"A\", file = \"b\" }\n\"core/w\" = { value = { env = \"A\" }, policy = \"forced\" }\n\
        \"core/smtppass\" = 0.5\n\"core/dbname\" = { value = \"x\", policy = \"forced\" }\n\"core/a:b\" = { value = \"x\", policy = \"forced\" }\n\"provost/tree\" = 1\n[site.three]\nurl = \"http://three.localhost:8080\"\nprofiles = [\"aa\"]\n"
    ));
}

proptest::proptest! {
    /// Whatever is written there, it is read or refused with a place.
    #[test]
    fn a_line_of_settings_never_panics(key in "[a-z/_\"\\\\ ]{0,12}", value in "[\\[\\]{}a-z0-9\"',=. -]{0,24}") {
        let text = with(&format!("[profile.p.settings]\n\"{}\" = {value}\n", key.replace(['"', '\\'], "")));
        if let Err(told) = load("fleet.toml", &text) {
            proptest::prop_assert!(told.to_string().contains("fleet.toml"));
        }
    }
}
