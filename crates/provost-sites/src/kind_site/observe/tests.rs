use super::*;

fn marked(stage: Stage) -> Dataroot {
    Dataroot::Marked(Mark {
        fleet: "f".to_owned(),
        site: "hugo".parse().unwrap(),
        stage,
        dataroot: None,
        was: None,
        server: None,
        copy: None,
        template: None,
    })
}

/// The whole table: stage of the database's mark by what the dataroot is.
#[test]
fn what_could_mean_data_is_never_absent() {
    let name: Name = "hugo".parse().unwrap();
    let databases = [None, Some(Stage::Created), Some(Stage::Installing), Some(Stage::Installed)];
    let dataroots = [
        ("absent", Dataroot::Absent),
        ("created", marked(Stage::Created)),
        ("installing", marked(Stage::Installing)),
        ("installed", marked(Stage::Installed)),
        ("unmarked", Dataroot::Unmarked),
    ];
    let mut table = String::new();
    for database in databases {
        for (word, dataroot) in &dataroots {
            let judged = judge("f", &name, database, dataroot, "/data/hugo".into());
            let short = match judged {
                Judged::Absent => "absent",
                Judged::Partial(_) => "partial",
                Judged::Installed => "installed",
                Judged::Foreign(_) => "foreign",
                Judged::Unknown(_) => "unknown",
                Judged::DatabaseGone(_) => "without its database",
            };
            table.push_str(&format!("database {database:?}, dataroot {word}: {short}\n"));
        }
    }
    insta::assert_snapshot!(table, @r"
    database None, dataroot absent: absent
    database None, dataroot created: partial
    database None, dataroot installing: partial
    database None, dataroot installed: without its database
    database None, dataroot unmarked: foreign
    database Some(Created), dataroot absent: absent
    database Some(Created), dataroot created: partial
    database Some(Created), dataroot installing: partial
    database Some(Created), dataroot installed: without its database
    database Some(Created), dataroot unmarked: foreign
    database Some(Installing), dataroot absent: partial
    database Some(Installing), dataroot created: partial
    database Some(Installing), dataroot installing: partial
    database Some(Installing), dataroot installed: without its database
    database Some(Installing), dataroot unmarked: foreign
    database Some(Installed), dataroot absent: unknown
    database Some(Installed), dataroot created: installed
    database Some(Installed), dataroot installing: installed
    database Some(Installed), dataroot installed: installed
    database Some(Installed), dataroot unmarked: foreign
    ");
}

#[test]
fn a_dataroot_of_another_fleet_is_foreign() {
    let name: Name = "hugo".parse().unwrap();
    assert!(matches!(
        judge("other", &name, None, &marked(Stage::Installed), "/d".into()),
        Judged::Foreign(_)
    ));
}
