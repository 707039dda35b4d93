use super::*;
use crate::compare::{Base, compare};

fn ground(host: &str, roles: &[(&str, &str)]) -> Ground {
    let roles = roles.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect();
    Ground {
        url: format!("https://{host}/moodle"),
        host: host.to_owned(),
        dataroot: format!("/data/{host}"),
        roles,
        categories: BTreeMap::new(),
    }
}

fn site(name: &str, rows: &[(&str, &str, &str)], ground: &Ground, pool: &mut Pool) -> SiteValues {
    let rows = rows
        .iter()
        .map(|(plugin, name, value)| ((*plugin).to_owned(), (*name).to_owned(), (*value).to_owned()));
    of_site(name.to_owned(), rows.collect(), Vec::new(), ground, pool)
}

#[test]
fn patterns_have_stars() {
    assert!(fits("*", "") && fits("a*c", "abc") && fits("*rev", "themerev") && fits("a*b*c", "a-b-b-c"));
    assert!(!fits("a*c", "ab") && !fits("rev", "themerev") && !fits("a*", "ba"));
}

#[test]
fn sites_with_equal_settings_are_a_class_and_the_others_tell_where_they_differ() {
    let pool = &mut Pool::default();
    let (a, b) =
        (ground("a.example", &[("5", "student")]), ground("b.example", &[("7", "student"), ("5", "other")]));
    let rows_of = |host: &str, role: &str, theme: &str, pass: &str| {
        vec![
            ("core".to_owned(), "theme".to_owned(), theme.to_owned()),
            ("core".to_owned(), "smtppass".to_owned(), pass.to_owned()),
            ("core".to_owned(), "defaultuserroleid".to_owned(), role.to_owned()),
            ("core".to_owned(), "noreplyaddress".to_owned(), format!("noreply@{host}")),
            ("core".to_owned(), "siteidentifier".to_owned(), host.to_owned()),
            ("mod_quiz".to_owned(), "version".to_owned(), host.len().to_string()),
        ]
    };
    let one = of_site("one".into(), rows_of("a.example", "5", "boost", "x"), vec![], &a, pool);
    let two = of_site("two".into(), rows_of("b.example", "7", "boost", "x"), vec![], &b, pool);
    let odd = of_site(
        "odd".into(),
        rows_of("b.example", "5", "classic", "y"),
        vec![("core".into(), "debug".into(), "1".into())],
        &b,
        pool,
    );
    assert_eq!(odd.left_out, 2);
    let sites = [odd, one, two];
    let compared = compare(&sites, &Base::Largest, |_| true, is_secret);
    assert_eq!(compared.keys, 5);
    assert_eq!(compared.classes[0].sites, ["one", "two"]);
    assert!(compared.classes[0].differences.is_empty());
    assert_eq!(compared.classes[1].sites, ["odd"]);
    let told: Vec<String> = compared.classes[1]
        .differences
        .iter()
        .map(|one| format!("{} {:?} {:?} {}", one.key, one.there, one.here, one.secret))
        .collect();
    assert_eq!(
        told,
        [
            "core/debug None Some(Forced(\"1\")) false",
            "core/defaultuserroleid Some(Set(\"student\")) Some(Set(\"other\")) false",
            "core/smtppass None None true",
            "core/theme Some(Set(\"boost\")) Some(Set(\"classic\")) false",
        ]
    );
    let compared = compare(&sites, &Base::Site("odd".to_owned()), |key| &*key.name == "theme", is_secret);
    assert_eq!((compared.keys, compared.classes[0].sites.as_slice()), (1, &["odd".to_owned()][..]));
    assert_eq!(compared.classes[1].differences.len(), 1);
}

#[test]
fn a_list_of_roles_is_in_the_order_of_names_and_what_is_no_number_stays() {
    let ground = ground("a.example", &[("5", "student"), ("4", "teacher")]);
    assert_eq!(ground.canonical("core", "gradebookroles", "5,4"), "student,teacher");
    assert_eq!(ground.canonical("core", "gradebookroles", "5,99"), "5,99");
    assert_eq!(ground.canonical("core", "gradebookroles", ""), "");
    assert_eq!(ground.canonical("core", "x", "https://a.example/moodle/a"), "{url}/a");
}

#[test]
fn a_setting_that_is_there_and_absent_differ() {
    let pool = &mut Pool::default();
    let own = Ground::default();
    let sites =
        [site("a", &[("core", "x", "")], &own, pool), site("b", &[], &own, pool), site("c", &[], &own, pool)];
    let compared = compare(&sites, &Base::Largest, |_| true, is_secret);
    assert_eq!(compared.classes[0].sites, ["b", "c"]);
    assert_eq!(compared.classes[1].differences[0].there, None);
}

#[test]
fn secrets_are_known_by_their_names() {
    let key = |name: &str| Key { of: "core".into(), name: name.into() };
    assert!(
        ["smtppass", "cronremotepassword", "client_secret", "api_key", "bind_pw"]
            .iter()
            .all(|name| is_secret(&key(name)))
    );
    assert!(["theme", "passing", "compass_x"].iter().all(|name| !is_secret(&key(name))));
}
