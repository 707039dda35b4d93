//! Templates, and sites that are cloned from them.

use super::*;
use crate::model::Template;

const TEMPLATE: &str = "\
[template.school]
codebase = \"lts\"
language = \"fr\"
prefix = \"m_\"
courses = [\"courses/welcome.mbz\"]
";

/// The good file with a template, its first site a clone of it with some more lines.
fn with(template: &str, site: &str) -> String {
    let text = GOOD.replacen("[site.hugo]\n", &format!("[site.hugo]\ntemplate = \"school\"\n{site}\n"), 1);
    format!("{text}\n{template}")
}

fn faults(template: &str, site: &str) -> String {
    load("fleet.toml", &with(template, site)).unwrap_err().to_string()
}

#[test]
fn a_clone_has_what_its_template_says_and_an_identity_of_its_own() {
    let fleet = load("fleet.toml", &with(TEMPLATE, "")).unwrap().fleet;
    let template = &fleet.templates[&"school".parse().unwrap()];
    assert_eq!(template.site.database_name, "academie_template_school");
    assert_eq!(template.site.url.to_string(), "http://template-school.invalid");
    assert!(!template.can_open);
    assert_eq!(template.courses, ["courses/welcome.mbz"]);
    let site = &fleet.sites[&"hugo".parse().unwrap()];
    assert_eq!(site.template, Some("school".parse().unwrap()));
    assert_eq!((site.language.as_str(), site.prefix.as_str()), ("fr", "m_"));
    assert_eq!((site.codebase.as_str(), site.database_name.as_str()), ("lts", "academie_hugo"));
    assert_eq!(site.full_name, "hugo");
}

#[test]
fn a_template_can_have_a_url_to_be_opened_at() {
    let text = with(&format!("{TEMPLATE}url = \"http://school.localhost:8080\""), "");
    let fleet = load("fleet.toml", &text).unwrap().fleet;
    assert!(fleet.templates[&"school".parse().unwrap()].can_open);
    let taken = faults(&format!("{TEMPLATE}url = \"http://zola.localhost:8080\""), "");
    assert!(taken.contains("two sites cannot share the host `zola.localhost`"), "{taken}");
}

#[test]
fn a_template_that_is_not_there_is_told_with_the_nearest() {
    insta::assert_snapshot!(faults("[template.shcool]", ""));
}

#[test]
fn a_clone_cannot_ask_for_what_its_template_is_not() {
    insta::assert_snapshot!(faults(TEMPLATE, "language = \"de\"\nprefix = \"x_\""));
    // What it says again is no fault.
    assert!(load("fleet.toml", &with(TEMPLATE, "language = \"fr\"")).is_ok());
}

#[test]
fn what_a_template_is_called_is_no_sites_name() {
    let text = with(TEMPLATE, "") + "\n[site.template-school]\nurl = \"http://x.localhost:8080\"\n";
    let told = load("fleet.toml", &text).unwrap_err().to_string();
    assert!(told.contains("a site cannot be called `template-school`"), "{told}");
    let long = "a".repeat(32);
    let told = load("fleet.toml", &format!("{GOOD}\n[template.{long}]")).unwrap_err().to_string();
    assert!(told.contains("a template's name has at most 31 characters"), "{told}");
    assert_eq!(Template::of_site_name(&"template-school".parse().unwrap()), Some("school".parse().unwrap()));
    assert_eq!(Template::of_site_name(&"templates".parse().unwrap()), None);
}

#[test]
fn what_a_template_cannot_have_is_told() {
    insta::assert_snapshot!(faults(
        "[template.school]\ncourses = [\"welcome.zip\"]\nprofiles = [\"x\"]\ntags = []",
        ""
    ));
    let reserved = faults("[template.school]\ndatabase_name = \"postgres\"", "");
    assert!(reserved.contains("`postgres` cannot be a site's database and role"), "{reserved}");
    let twice = faults("[template.school]\ndatabase_name = \"academie_zola\"", "");
    assert!(twice.contains("two sites cannot share the database `academie_zola`"), "{twice}");
}

#[test]
fn spares_are_sites_of_their_own_that_nobody_else_is_called_like() {
    let fleet = load("fleet.toml", &with(&format!("{TEMPLATE}spares = 2"), "")).unwrap().fleet;
    let name = "school".parse().unwrap();
    let template = &fleet.templates[&name];
    let spares = template.spare_names(&name);
    assert_eq!(spares.iter().map(crate::name::Name::as_str).collect::<Vec<_>>(), ["school-1", "school-2"]);
    let site = template.spare_site(&name, &spares[1]).unwrap();
    assert_eq!(site.database_name, "academie_template_school_spare2");
    assert_eq!(site.url.to_string(), "http://spare-school-2.invalid");
    assert_eq!(Template::of_spare(&spares[1]), Some(name));
    let text = with(&format!("{TEMPLATE}spares = 2"), "");
    let text = format!("{text}\n[site.spare-school-7]\nurl = \"http://x.localhost:8080\"\n");
    let told = load("fleet.toml", &text).unwrap_err().to_string();
    assert!(told.contains("a site cannot be called `spare-school-7`"), "{told}");
    let told = faults(&format!("{TEMPLATE}spares = 100"), "");
    assert!(told.contains("spares"), "{told}");
    let long = format!("[template.school]\ndatabase_name = \"{}\"\nspares = 1", "d".repeat(56));
    assert!(faults(&long, "").contains("more than 63 characters"));
}

#[test]
fn spares_are_for_postgresql_alone() {
    let text = format!(
        "{GOOD}\n[database.maria]\nengine = \"mariadb\"\nmanaged = true\n[template.school]\ncodebase = \"lts\"\ndatabase = \"maria\"\nspares = 1\n"
    );
    let told = load("fleet.toml", &text).unwrap_err().to_string();
    assert!(told.contains("spares can only be kept on PostgreSQL"), "{told}");
}
