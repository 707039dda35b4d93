use super::*;

fn marked(site: &str, was: Option<&str>, stage: Stage) -> Found {
    let mark = Mark {
        fleet: "f1".to_owned(),
        site: site.parse().unwrap(),
        stage,
        dataroot: Some(format!("/srv/{site}")),
        was: was.map(|was| was.parse().unwrap()),
        server: None,
        copy: None,
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
    let sought = Sought { site: &site, was: was.as_ref() };
    let former = sought.among(&Ours::among(&found, "f1"), |name| *name == site, |_| false)?;
    Ok(former.map(|(former, _)| (former.name.to_string(), former.database)))
}

fn is(name: &str, database: &str) -> (String, String) {
    (name.to_owned(), database.to_owned())
}

#[test]
fn a_site_is_found_under_what_it_was() {
    let hugo = ("a_hugo", marked("hugo", None, Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), std::slice::from_ref(&hugo)), Ok(Some(is("hugo", "a_hugo"))));
    assert_eq!(sought("zola", None, &[hugo]), Ok(None));
    assert_eq!(sought("zola", Some("hugo"), &[]), Ok(None));
    let done = ("a_zola", marked("zola", None, Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), &[done]), Ok(None));
}

#[test]
fn what_was_begun_goes_on_whatever_the_file_says_by_then() {
    let begun = ("a_zola", marked("zola", Some("hugo"), Stage::Installed));
    assert_eq!(sought("zola", Some("hugo"), std::slice::from_ref(&begun)), Ok(Some(is("hugo", "a_zola"))));
    assert_eq!(sought("zola", None, std::slice::from_ref(&begun)), Ok(Some(is("hugo", "a_zola"))));
    // The file was put back.
    assert_eq!(sought("hugo", None, &[begun]), Ok(Some(is("zola", "a_zola"))));
    // A database in two halves.
    let halves = [
        ("a_zola", marked("zola", Some("hugo"), Stage::Created)),
        ("a_hugo", marked("hugo", None, Stage::Installed)),
    ];
    assert_eq!(sought("zola", Some("hugo"), &halves), Ok(Some(is("hugo", "a_hugo"))));
    assert_eq!(sought("hugo", None, &halves), Ok(Some(is("zola", "a_zola"))));
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

/// What the agent makes of texts, asked of PHP itself: each twice, for doing it twice is doing it once.
fn replaced(pairs: &serde_json::Value, texts: &[&str]) -> Option<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../php/agent/address.php");
    let code = "require $argv[1]; $a = new provost\\address(json_decode($argv[2], true));
        foreach (json_decode($argv[3]) as $t) { $b = $a->text($t); echo $t, ' => ', $b === $t ? 'stays' : $b, $a->text($b) === $b ? '' : ' AGAIN', PHP_EOL; }";
    let texts = serde_json::to_string(texts).unwrap();
    let output = std::process::Command::new("php")
        .args(["-n", "-d", "display_errors=stderr", "-r", code, "--", script, &pairs.to_string(), &texts])
        .output();
    let Ok(output) = output else { return None };
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_url_is_found_as_it_may_be_written_and_at_its_boundaries() {
    let pairs = serde_json::json!([{
        "from": "https://a.example", "to": "http://b.example:8080/school", "except": ["/other"],
    }]);
    let told = replaced(
        &pairs,
        &[
            "https://a.example",
            "HTTP://A.example/x?y=https://a.example.",
            "src=\"//a.example/x\"",
            "{\"u\":\"https:\\/\\/a.example\\/x\"}",
            "{\"u\":\"https:\\\\\\/\\\\\\/a.example\\\\\\/x\"}",
            "u=https%3A%2F%2Fa.example%2Fx&v=https%253a%252f%252fa.example",
            "https://a.example:443/x",
            "a:1:{s:1:\"u\";O:1:\"X\":1:{s:1:\"v\";s:20:\"https://a.example/é\";}}",
            "a:1:{s:1:\"u\";s:99:\"https://a.example\";}",
            "https://a.example:8443/x",
            "https://a.example.org",
            "https://aa.example",
            "https://a.example-b",
            "https://a.example@b",
            "https://a.example:443@b",
            "ftp://a.example",
            "mail@a.example",
            "https://a.example/other/x",
            "https://a.example/others",
        ],
    );
    let Some(told) = told else { return };
    insta::assert_snapshot!(told);
}

#[test]
fn a_path_is_added_once_and_taken_away() {
    let below = serde_json::json!([{ "from": "https://a.example", "to": "https://a.example/one" }]);
    let texts = [
        "https://a.example/x",
        "https://a.example/one/x",
        "https://a.example/one-more",
        "https%3A%2F%2Fa.example%2Fone",
    ];
    let Some(told) = replaced(&below, &texts) else { return };
    insta::assert_snapshot!("added", told);
    let above = serde_json::json!([
        { "from": "https://a.example/one", "to": "https://a.example" },
        { "from": "/srv/sites/hugo", "to": "/srv/sites/zola" },
    ]);
    let texts = [
        "https://a.example/one/x and https://a.example/one.",
        "https://a.example/one-more",
        "https://a.example/x",
        "\"\\/srv\\/sites\\/hugo\\/x\"",
        "/srv/sites/hugo2",
        "/x/srv/sites/hugo",
    ];
    insta::assert_snapshot!("taken_away", replaced(&above, &texts).unwrap());
}

#[test]
fn a_rename_that_is_not_finished_is_finished_first() {
    let begun = ("a_hugo", marked("hugo", Some("emile"), Stage::Installed));
    let told = sought("zola", Some("hugo"), &[begun]).unwrap_err();
    assert_eq!(told, "its rename from `emile` to `hugo` was not finished: put that name back, and apply");
}

/// A site that is being brought back: nobody has anything to lose while all of it is in its copy, and it is not written down as installed.
#[test]
fn what_a_copy_holds_was_not_used_until_its_database_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let state = Utf8PathBuf::try_from(directory.path().to_owned()).unwrap();
    let (paths, copy) = (
        Paths { state: state.clone(), run: state.clone(), cache: state.clone(), store: state.clone() },
        state.join("copy"),
    );
    let dataroot = state.join("data");
    std::fs::create_dir(&dataroot).unwrap();
    let of = |stage, copy: Option<&Utf8PathBuf>| Mark {
        fleet: "f1".to_owned(),
        site: "hugo".parse().unwrap(),
        stage,
        dataroot: Some(dataroot.to_string()),
        was: None,
        server: None,
        copy: copy.map(ToString::to_string),
        template: None,
    };
    let files_say = |mark: &Mark| std::fs::write(dataroot.join(crate::mark::FILE), mark.to_text()).unwrap();
    let installing = of(Stage::Installing, None);
    assert!(is_unused(&paths, &installing), "no files");
    files_say(&of(Stage::Installed, None));
    assert!(!is_unused(&paths, &installing), "files of an installed site");
    files_say(&of(Stage::Installed, Some(&copy)));
    assert!(!is_unused(&paths, &installing), "the copy is gone");
    write_manifest(&copy, "zola");
    assert!(!is_unused(&paths, &installing), "the copy is another site's");
    write_manifest(&copy, "hugo");
    assert!(is_unused(&paths, &installing), "all of it is in the copy");
    assert!(!is_unused(&paths, &of(Stage::Installed, None)), "it is a site again");
}

fn write_manifest(copy: &Utf8PathBuf, site: &str) {
    let manifest = serde_json::json!({
        "schema": 1, "fleet": "f1", "site": site, "url": "http://hugo.example", "declared": "", "release": null, "tree": null,
        "server": "main", "database": "f_hugo", "made_at": "2026-11-24T00:00:00Z", "keep_until": "2026-12-24T00:00:00Z", "gone_at": null,
        "dump": { "engine": "postgresql", "bytes": 1, "sha256": "", "tables": 1 }, "files": { "count": 0, "bytes": 0, "left_out": [] },
    });
    std::fs::create_dir_all(copy).unwrap();
    std::fs::write(copy.join("manifest.json"), manifest.to_string()).unwrap();
}
