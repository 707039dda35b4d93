use super::*;

fn site<'a>() -> SiteFile<'a> {
    SiteFile {
        site: "hugo",
        wwwroot: "https://hugo.example.org",
        database: SiteDatabase {
            kind: "pgsql",
            host: "/run/provost/academie/main",
            port: Some(5433),
            name: "academie_hugo",
            user: "academie_hugo",
            password: "it's $ecret\\",
            prefix: "mdl_",
            options: BTreeMap::new(),
        },
        dataroot: "/srv/provost/data/sites/hugo",
        directory_permissions: 0o2770,
        file_permissions: 0o660,
        extra: BTreeMap::from([("sslproxy".to_owned(), true.into())]),
    }
}

#[test]
fn renders_a_site() {
    insta::assert_snapshot!(site().render().expect("valid"), @r"
    <?php
    // Site hugo. Provost makes this file from the fleet file; changes here are lost.
    return [
        'dbtype' => 'pgsql',
        'dblibrary' => 'native',
        'dbhost' => 'localhost',
        'dbname' => 'academie_hugo',
        'dbuser' => 'academie_hugo',
        'dbpass' => 'it\'s $ecret\\',
        'prefix' => 'mdl_',
        'dboptions' => [
            'dbpersist' => false,
            'dbport' => 5433,
            'dbsocket' => '/run/provost/academie/main',
        ],
        'wwwroot' => 'https://hugo.example.org',
        'dataroot' => '/srv/provost/data/sites/hugo',
        'directorypermissions' => 02770,
        'filepermissions' => 0660,
        // The code is read-only and shared by many sites: plugins come from the fleet file, not from the browser.
        'disableupdateautodeploy' => true,
        // Updates are decided for the whole fleet; a site's admin could only look at the notice.
        'disableupdatenotifications' => true,
        // Uninstalling in the browser drops tables while the code stays; the next upgrade would install it again, empty.
        'uninstallclionly' => true,
        // Who administers a site must not choose which programs the machine runs.
        'preventexecpath' => true,
        // Moodle's default is one directory under /tmp for all sites; the first one to make it would lock out the others.
        'localrequestdir' => '/srv/provost/data/sites/hugo/localrequest',
        // nginx sends the files of the dataroot, so that no PHP process waits for a slow download.
        'xsendfile' => 'X-Accel-Redirect',
        'xsendfilealiases' => [
            '/dataroot/' => '/srv/provost/data/sites/hugo',
        ],
        'sslproxy' => true,
    ];
    ");
}

#[test]
fn a_server_over_tcp_has_no_socket() {
    let mut site = site();
    site.database.kind = "mariadb";
    site.database.host = "db1.example.org";
    site.database.port = None;
    site.database.options.insert("connecttimeout".to_owned(), 5.into());
    insta::assert_snapshot!(site.database.dboptions(), @r"
    [
        'connecttimeout' => 5,
        'dbcollation' => 'utf8mb4_unicode_ci',
        'dbpersist' => false,
        'dbport' => '',
        'dbsocket' => false,
    ]
    ");
    assert!(site.render().expect("valid").contains("'dbhost' => 'db1.example.org',"));
}

#[test]
fn extra_keys_win_over_defaults_and_over_nothing_else() {
    let mut site = site();
    site.extra.insert("xsendfile".to_owned(), false.into());
    let text = site.render().expect("valid");
    assert!(text.contains("'xsendfile' => false,") && !text.contains("X-Accel-Redirect"));
    for key in ["dbpass", "wwwroot", "dataroot", "filepermissions"] {
        site.extra = BTreeMap::from([(key.to_owned(), true.into())]);
        assert_eq!(site.render(), Err(SiteFileError::Taken(key.to_owned())));
    }
    for key in ["", "0x", "a b", "\0a", "é"] {
        site.extra = BTreeMap::from([(key.to_owned(), true.into())]);
        assert_eq!(site.render(), Err(SiteFileError::Key(key.to_owned())));
    }
}

#[test]
fn nothing_ends_the_comment_or_a_string() {
    let mut site = site();
    site.site = "x?>\n<?php evil();";
    site.database.password = "a\n'; evil(); //\r\0";
    let text = site.render().expect("valid");
    assert_eq!(text.lines().nth(1).expect("two lines").matches("?>").count(), 0);
    assert!(text.contains(r#""a\n'; evil(); //\r\x00""#), "{text}");
}

#[test]
fn debug_shows_no_password() {
    let shown = format!("{:?}", site());
    assert!(shown.contains("hugo") && !shown.contains("ecret"), "{shown}");
}
