use proptest::prelude::*;

use super::*;

const FLEET: &str = "[fleet]\nname = \"f\"\n\n[codebase.lts]\nmoodle = \"4.5+\"\n\n\
                     # The first.\n[site.hugo]\nurl = \"http://hugo.localhost:8080\"\ntags = [\"lyon\"]\n";

fn list(text: &str) -> Result<Sheet, Diagnostics> {
    read(File { path: "sites.csv", text }, &[], File { path: "fleet.toml", text: FLEET })
}

fn told(text: &str) -> String {
    match list(text) {
        Err(faults) => faults.to_string(),
        Ok(sheet) => {
            let rows = sheet.rows.iter().map(|row| {
                let keys = row.keys.iter().map(|(key, value)| format!("{key} = {value}"));
                format!("{}: {}: {}", row.line.unwrap(), row.name, keys.collect::<Vec<_>>().join(", "))
            });
            rows.chain(sheet.notes.clone()).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn a_list_of_our_own() {
    let text = "\u{feff}# the schools of Lyon\r\nname,url,tags,full_name,workers,enabled,admin_email,comment\r\n\
                zola,http://zola.localhost:8080,lyon pilot,\"Lycée \"\"Zola\"\", Lyon\",3,no,a@example.org,new\r\n\r\n\
                sand,http://sand.localhost:8080,,\"two\nlines\",,,,\r\n";
    insta::assert_snapshot!(told(text));
    insta::assert_snapshot!(told(&text.replace("two\nlines", "one")));
}

#[test]
fn a_list_of_vmoodles() {
    insta::assert_snapshot!(told(
        "vhostname;vtemplate;name;shortname;description;vdbtype;vdbhost;vdblogin;vdbpass;vdbname;vdbpersist;vdbprefix;vdatapath;mnet;services\n\
         http://zola.localhost:8080;0;Lycée Zola;Zola 1;;mysqli;localhost;root;hunter2;vmdl_zola;0;mdl_;/var/moodledata/zola;NEW;default\n"
    ));
}

#[test]
fn a_list_of_vmoodles_may_say_where_its_sites_go() {
    insta::assert_snapshot!(told(
        "vhostname,shortname,name,codebase,tags,admin_email,theme\n\
         http://zola.localhost:8080,Zola,Lycée Zola,lts,lyon,a@example.org,boost\n"
    ));
}

#[test]
fn all_faults_come_at_once_at_their_lines() {
    let own = "name,url,codebase,workers,enabled,tags\n\
               Zola,http://zola.localhost:8080,,,,\n\
               sand,http://hugo.localhost:8080,,,,\n\
               dumas,ftp://dumas,ltss,many,perhaps,hugo\n\
               dumas,http://dumas.localhost:8080,,,,\n\
               hugo,http://other.localhost:8080,,,,\n\
               ,http://x.localhost:8080,,,,\n\
               verne,http://verne.localhost:8080,,,,,,\n";
    insta::assert_snapshot!(told(own));
    // What is right by itself, and not with the fleet file.
    insta::assert_snapshot!(told(
        "name,url,codebase,tags\nsand,http://hugo.localhost:8080,ltss,\nzola,ftp://zola,,hugo\nhugo,http://o.localhost:8080,,\n"
    ));
    insta::assert_snapshot!(told("name,adress,password\nzola,\"http://x"));
    insta::assert_snapshot!(told("\n# nothing\n"));
    insta::assert_snapshot!(told("name,url\nzola,\"http://x\nsand,http://sand.localhost:8080\n"));
    insta::assert_snapshot!(told("name,\"url\nzola,http://x\n"));
    insta::assert_snapshot!(told("name,url\n"));
}

#[test]
fn no_password_of_a_list_is_shown() {
    let faults = told("vhostname;shortname;vdbpass\nzola;zola;hunter2\n;;hunter3;hunter4\n");
    assert!(!faults.contains("hunter2") && faults.contains("*******"), "{faults}");
    assert!(!faults.contains("hunter3"), "{faults}");
}

#[test]
fn what_is_there_already_is_no_fault() {
    let again = "name,url,tags\nhugo,http://hugo.localhost:8080,lyon\nzola,http://zola.localhost:8080,\n";
    assert!(told(again).starts_with("2: hugo"), "{}", told(again));
}

proptest! {
    #[test]
    fn no_list_is_too_odd(text in "(name,url|vhostname;shortname)?\n?[a-z,;\"\n\r# é]{0,60}|\\PC{0,60}") {
        if let Err(faults) = list(&text) {
            prop_assert!(!faults.to_string().is_empty());
        }
    }
}

#[test]
fn what_a_line_says_nothing_of_is_as_usual() {
    let fleet = "[fleet]\nname = \"f\"\n[codebase.lts]\nmoodle = \"4.5+\"\n[codebase.other]\nmoodle = \"4.5+\"\n\
                 [database.d1]\nmanaged = true\n[database.d2]\nmanaged = true\n\
                 [template.school]\ncodebase = \"other\"\ndatabase = \"d1\"\n";
    let usual =
        [("codebase", "other"), ("database", "d2")].map(|(key, value)| (key.to_owned(), Value::from(value)));
    let text = "name,url,database,template\na1,http://a1.localhost:8080,,\na2,http://a2.localhost:8080,d1,\na3,http://a3.localhost:8080,,school\n";
    let list = File { path: "sites.csv", text };
    let sheet = read_with(list, &usual, fleet);
    let keys = |at: usize| {
        sheet.rows[at].keys.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    assert!(keys(0).ends_with("codebase=\"other\" database=\"d2\""), "{}", keys(0));
    assert!(keys(1).contains("database=\"d1\"") && !keys(1).contains("d2"), "{}", keys(1));
    assert!(!keys(2).contains("codebase") && !keys(2).contains("database"), "{}", keys(2));
}

fn read_with(list: File<'_>, usual: &[(String, Value)], fleet: &str) -> Sheet {
    super::read(list, usual, File { path: "fleet.toml", text: fleet })
        .unwrap_or_else(|found| panic!("{found:#?}"))
}
