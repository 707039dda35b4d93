use super::*;

mod random;

const FLEET: &str = r#"# Our fleet.
[fleet]
name = "academie"    # everybody's

[database.main]
managed = true

# The Moodle of most.
[codebase.lts]
moodle = "4.5+"   # until 2027
patches = ["p/1.patch"]

# From git only.
[codebase.lts.plugins]
mod_attendance = { git = "https://example.org/a.git", tag = "v1" }  # pinned: #12
# mod_quiz2 = {}

# local_own = { path = "own" }

# ---- Sites ----

[site.hugo]
url = "http://hugo.localhost:8080"
codebase = "lts"
admin.email = "ops@example.org"
"#;

/// What an edit changes, as lines taken out and put in.
fn changed(text: &str, edit: Edit) -> String {
    let edited = match apply_edits("fleet.toml", text, std::slice::from_ref(&edit)) {
        Ok(edited) => edited,
        Err(told) => return told.to_string(),
    };
    assert_eq!(
        apply_edits("fleet.toml", &edited, &[edit]).as_ref(),
        Ok(&edited),
        "again, it changes nothing"
    );
    difference(text, &edited)
}

fn difference(text: &str, edited: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (text.split('\n').collect(), edited.split('\n').collect());
    let alike = |(a, b): &(&&str, &&str)| a == b;
    let begin = old.iter().zip(&new).take_while(alike).count();
    let room = old.len().min(new.len()) - begin;
    let end = old.iter().rev().zip(new.iter().rev()).take(room).take_while(alike).count();
    let mut told = vec![format!("{} |", old[begin.saturating_sub(1)])];
    told.extend(old[begin..old.len() - end].iter().map(|line| format!("- {line}|")));
    told.extend(new[begin..new.len() - end].iter().map(|line| format!("+ {line}|")));
    told.join("\n")
}

#[test]
fn values_are_set_in_their_place() {
    let inline =
        FLEET.replace("admin.email = \"ops@example.org\"", "admin = { email = \"ops@example.org\" }");
    let told = [
        changed(FLEET, Edit::set(&["codebase", "lts", "moodle"], "5.0")),
        changed(FLEET, Edit::set(&["codebase", "lts", "plugins", "mod_attendance", "tag"], "v2")),
        changed(FLEET, Edit::set(&["codebase", "lts", "git"], "https://example.org/m.git")),
        changed(FLEET, Edit::set(&["codebase", "lts", "plugins", "mod_b"], toml::Table::new())),
        changed(FLEET, Edit::set(&["site", "hugo", "admin", "user"], "ann")),
        changed(FLEET, Edit::set(&["web", "listen"], "127.0.0.1:80")),
        changed(&inline, Edit::set(&["site", "hugo", "admin", "user"], "ann")),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn what_is_taken_out_is_out() {
    assert_eq!(apply_edits("fleet.toml", FLEET, &[Edit::remove(&["site", "zola"])]).unwrap(), FLEET);
    let told = [
        changed(FLEET, Edit::remove(&["codebase", "lts", "patches"])),
        changed(FLEET, Edit::remove(&["codebase", "lts", "plugins", "mod_attendance", "tag"])),
        changed(FLEET, Edit::remove(&["codebase", "lts", "plugins"])),
        changed(FLEET, Edit::remove(&["site", "hugo"])),
        changed(FLEET, Edit::remove(&["site", "hugo", "admin"])),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn tables_come_after_their_siblings() {
    let zola = [("url", "http://zola.localhost:8080"), ("codebase", "lts")];
    let told = [
        changed(FLEET, Edit::insert(&["site", "zola"], zola)),
        changed(FLEET, Edit::insert(&["codebase", "next"], [("moodle", "5.0")])),
        changed(FLEET, Edit::insert(&["web"], [("listen", "127.0.0.1:80")])),
        changed(FLEET.trim_end(), Edit::insert(&["site", "zola"], zola)),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn many_tables_are_written_as_one_after_the_other() {
    let table = |name: &str, url: &str| {
        (vec!["site".to_owned(), name.to_owned()], vec![("url".to_owned(), Value::from(url))])
    };
    let new = [("zola", "http://zola.localhost"), ("sand", "http://sand.localhost")];
    let mut one_by_one = FLEET.to_owned();
    for (name, url) in new {
        one_by_one =
            apply_edits("fleet.toml", &one_by_one, &[Edit::insert(&["site", name], [("url", url)])]).unwrap();
    }
    let tables: Vec<_> = new.iter().map(|(name, url)| table(name, url)).collect();
    let all = Edit::InsertAll { tables: tables.clone() };
    assert_eq!(apply_edits("fleet.toml", FLEET, std::slice::from_ref(&all)).unwrap(), one_by_one);
    assert_eq!(apply_edits("fleet.toml", &one_by_one, &[all]).unwrap(), one_by_one, "all are there");
    let other = Edit::InsertAll { tables: vec![table("zola", "http://other.localhost")] };
    assert!(apply_edits("fleet.toml", &one_by_one, &[other]).is_err(), "one is there, and differs");
}

#[test]
fn a_copy_has_the_comments() {
    let copy = Edit::copy(&["codebase", "lts"], &["codebase", "next"]);
    let mut told = vec![changed(FLEET, copy.clone())];
    for form in [
        "[codebase]\nlts = { moodle = \"4.5\", plugins = { mod_a = {} } }\n",
        "[codebase]\nlts.moodle = \"4.5\"\nlts.plugins.mod_a = {}\n",
        "[codebase]\nlts.moodle = \"4.5\"\n[codebase.lts.plugins]\nmod_a = {}\n",
    ] {
        told.push(changed(&format!("[fleet]\nname = \"f\"\n{form}"), copy.clone()));
    }
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn what_cannot_be_is_refused() {
    let told = [
        changed(FLEET, Edit::set(&["codebase", "lts"], "5.0")),
        changed(FLEET, Edit::set(&["fleet", "name", "x"], "5.0")),
        changed(FLEET, Edit::set(&["codebase", "lts", "moodel"], "5.0")),
        changed(FLEET, Edit::insert(&["codebase", "lts"], [("moodle", "5.0")])),
        changed(FLEET, Edit::copy(&["codebase", "old"], &["codebase", "next"])),
        changed("[fleet]\n", Edit::remove(&["fleet", "state"])),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn line_endings_and_the_mark_before_the_first_line_stay() {
    let copy = Edit::copy(&["codebase", "lts"], &["codebase", "next"]);
    let set = Edit::set(&["codebase", "lts", "plugins", "mod_b"], toml::Table::new());
    let edits = [copy, set, Edit::insert(&["web"], [("listen", "127.0.0.1:80")])];
    let plain = apply_edits("fleet.toml", FLEET, &edits).unwrap();
    let windows = apply_edits("fleet.toml", &FLEET.replace('\n', "\r\n"), &edits).unwrap();
    assert_eq!(windows, plain.replace('\n', "\r\n"));
    let marked = apply_edits("fleet.toml", &format!("\u{feff}{FLEET}"), &edits).unwrap();
    assert_eq!(marked, format!("\u{feff}{plain}"));
}

#[test]
fn a_refusal_shows_no_password() {
    let text = FLEET.replace("name = \"academie\"", "name = { password = \"hunter2\" }");
    let told = told("fleet.toml", &text, Refusal::new(20..25, "no", "no")).to_string();
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_comment_that_goes_on_to_the_next_table_is_of_that() {
    let text = "[fleet]\nname = \"f\"\n# of the first\n\n[codebase.a]\nmoodle = \"4.5\"\n# was: moodle = \"4.4\"\n# of the next\n\
                [codebase.b]\nmoodle = \"5.0\"\n";
    let edited = apply_edits("fleet.toml", text, &[Edit::remove(&["codebase", "a"])]).unwrap();
    assert_eq!(
        edited,
        "[fleet]\nname = \"f\"\n# of the first\n\n# was: moodle = \"4.4\"\n# of the next\n[codebase.b]\nmoodle = \"5.0\"\n"
    );
}

#[test]
fn the_settings_of_a_site_go_and_come_with_it() {
    let text = format!(
        "{FLEET}\n[site.hugo.settings]\n\"core/theme\" = \"boost\" # ours\n\n[site.zola]\nurl = \"http://zola.localhost:8080\"\n"
    );
    insta::assert_snapshot!(changed(&text, Edit::remove(&["site", "hugo"])));
    let renamed = [Edit::copy(&["site", "hugo"], &["site", "camus"]), Edit::remove(&["site", "hugo"])];
    let renamed = apply_edits("fleet.toml", &text, &renamed).unwrap();
    insta::assert_snapshot!(difference(&text, &renamed));
}
