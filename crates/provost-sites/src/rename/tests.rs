use super::*;

fn marked(site: &str, was: Option<&str>, stage: Stage) -> Found {
    let mark = Mark {
        fleet: "f1".to_owned(),
        site: site.parse().unwrap(),
        stage,
        dataroot: Some(format!("/srv/{site}")),
        was: was.map(|was| was.parse().unwrap()),
        server: None,
        template: None,
    };
    Found { database: Some(Some(mark.to_text())), ..Found::default() }
}

/// What `zola` is, of which the file says that it was `hugo`, where these databases are there.
fn sought(
    site: &str,
    was: Option<&str>,
    found: &[(&str, Found)],
) -> Result<Option<(String, String)>, String> {
    let (site, was): (Name, Option<Name>) = (site.parse().unwrap(), was.map(|was| was.parse().unwrap()));
    let found = found.iter().map(|(name, found)| ((*name).to_owned(), found.clone())).collect();
    let sought = Sought { fleet: "f1", site: &site, was: was.as_ref() };
    let former = sought.among(&found, |name| *name == site)?;
    Ok(former.map(|(former, _)| (former.name.to_string(), former.database)))
}

fn former(name: &str, database: &str) -> (String, String) {
    (name.to_owned(), database.to_owned())
}

#[test]
fn a_site_is_found_under_what_it_was() {
    let hugo = ("a_hugo", marked("hugo", None, Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), std::slice::from_ref(&hugo)), Ok(Some(former("hugo", "a_hugo"))));
    assert_eq!(sought("zola", None, &[hugo]), Ok(None));
    assert_eq!(sought("zola", Some("hugo"), &[]), Ok(None));
    let done = ("a_zola", marked("zola", None, Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), &[done]), Ok(None));
}

#[test]
fn what_was_begun_goes_on_whatever_the_file_says_by_then() {
    let begun = ("a_zola", marked("zola", Some("hugo"), Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), std::slice::from_ref(&begun)), Ok(Some(former("hugo", "a_zola"))));
    assert_eq!(sought("zola", None, std::slice::from_ref(&begun)), Ok(Some(former("hugo", "a_zola"))));
    // The file was put back.
    assert_eq!(sought("hugo", None, &[begun]), Ok(Some(former("zola", "a_zola"))));
    // A database in two halves.
    let halves = [
        ("a_zola", marked("zola", Some("hugo"), Stage::Created)),
        ("a_hugo", marked("hugo", None, Stage::Installed)),
    ];
    assert_eq!(sought("zola", Some("hugo"), &halves), Ok(Some(former("hugo", "a_hugo"))));
    assert_eq!(sought("hugo", None, &halves), Ok(Some(former("zola", "a_zola"))));
}

#[test]
fn two_sites_do_not_become_one_and_half_a_site_is_none() {
    let both = [
        ("a_hugo", marked("hugo", None, Stage::Installed)),
        ("a_zola", marked("zola", None, Stage::Installed)),
    ];
    assert!(sought("zola", Some("hugo"), &both).unwrap_err().contains("and so is `hugo`"));
    let half = ("a_hugo", marked("hugo", None, Stage::Installing));
    assert!(sought("zola", Some("hugo"), &[half]).unwrap_err().contains("not whole"));
}
