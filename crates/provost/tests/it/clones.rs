//! Sites cloned from a template: each is itself, and nothing that was the template's is left in its database or its files.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use provost_sites::clone::rules::{Rule, Rules};
use rustix::process::Signal;

use crate::environment::TestEnv;
use crate::faults::wait;
use crate::http::Browser;
use crate::moodle::Moodle;

/// Database and role of the template.
const TEMPLATE: &str = "test_template_school";

/// What stands in everything that was planted and must not be found again.
const NEEDLE: &str = "plantedneedle";

/// What stands in everything that was planted and stays.
const KEPT: &str = "plantedandkept";

/// A fleet with a template and clones of it; the template is made.
pub(crate) fn fleet(moodle: &Moodle, clones: &[String]) -> TestEnv {
    let names: Vec<&str> = clones.iter().map(String::as_str).collect();
    let env = TestEnv::with_fleet(moodle, &names);
    let text = env.fleet();
    let (head, sites) = text.split_at(text.find("\n[site.").unwrap());
    // First the template alone, then the rest: what is planted must be there before anything is cloned.
    env.write_fleet(&format!("{head}\n[template.school]\n"));
    let made = env.run(&["apply"]);
    assert_eq!(made.code, 0, "{made}");
    assert!(made.stderr.contains("✓ template/school/make"), "{made}");
    let sites = sites.replace("\nurl = ", "\ntemplate = \"school\"\nurl = ");
    env.write_fleet(&format!("{head}{sites}\n[template.school]\n"));
    env
}

impl TestEnv {
    /// A dump of a database as text; the template's too, which is opened for it.
    fn dump(&self, database: &str) -> String {
        let mut command = Command::new("pg_dump");
        command.arg("-h").arg(self.run_directory().join("main")).args(["-U", "provost", database]);
        let output = command.env("PGPASSWORD", self.secret("server-main-admin").unwrap()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Does something in the template's database, which is closed before and after.
    fn in_template<T>(&self, work: impl FnOnce(&Self) -> T) -> T {
        self.sql(&format!("alter database {TEMPLATE} allow_connections true"));
        let done = work(self);
        self.sql(&format!("alter database {TEMPLATE} allow_connections false"));
        done
    }
}

fn comment(env: &TestEnv) -> String {
    let query = "select shobj_description(oid, 'pg_database') from pg_database where datname";
    env.sql(&format!("{query} = '{TEMPLATE}'"))
}

fn branch(env: &TestEnv) -> u32 {
    let comment = comment(env);
    let mark: serde_json::Value = serde_json::from_str(comment.strip_prefix("provost ").unwrap()).unwrap();
    mark["template"]["branch"].as_str().unwrap().parse().unwrap()
}

/// Puts something to be known by into everything that a rule is about. Returns how many rows that were.
fn plant(env: &TestEnv, rules: &Rules) -> usize {
    let mut planted = 0;
    let mut word = |rule: Rule| {
        planted += 1;
        format!("{}{planted}", if rule == Rule::Keep { KEPT } else { NEEDLE })
    };
    let mut sql = String::new();
    for value in &rules.values {
        let name = if value.name == "*" { "anything" } else { &value.name };
        let word = word(value.rule);
        if value.place == "core" {
            sql.push_str(&format!("insert into mdl_config (name, value) values ('{name}', '{word}') on conflict (name) do update set value = excluded.value;\n"));
        } else {
            sql.push_str(&format!("insert into mdl_config_plugins (plugin, name, value) values ('{}', '{name}', '{word}') on conflict (plugin, name) do update set value = excluded.value;\n", value.place));
        }
    }
    for tables in &rules.tables {
        for table in &tables.names {
            sql.push_str(&row(table, &word(tables.rule)));
        }
    }
    for some in &rules.preferences {
        for name in &some.names {
            let word = word(some.rule);
            sql.push_str(&format!(
                "insert into mdl_user_preferences (userid, name, value) values (2, '{name}', '{word}');\n"
            ));
        }
    }
    for column in &rules.columns {
        let word = word(column.rule);
        sql.push_str(&row(&column.table, ""));
        sql.push_str(&format!(
            "do $$ begin if to_regclass('mdl_{0}') is not null then update mdl_{0} set {1} = left('{word}', 15); end if; end $$;\n",
            column.table, column.name
        ));
    }
    let addresses = "insert into mdl_config_plugins (plugin, name, value) values
        ('local_x', 'json', '{\"a\":\"http:\\/\\/template-school.invalid\\/x\"}'),
        ('local_x', 'escaped', 'u=http%3A%2F%2Ftemplate-school.invalid%2Fx'),
        ('local_x', 'text', 'see http://template-school.invalid/x. Ask a@template-school.invalid.');
        update mdl_config_plugins set value = (value::jsonb || '[[\"mdl_config_plugins\", \"value\"]]')::text
        where plugin = 'provost' and name = 'template_places';\n";
    let block = "O:8:\"stdClass\":1:{s:4:\"text\";s:39:\"see http://template-school.invalid/page\";}";
    let block = format!(
        "update mdl_block_instances set configdata = encode('{block}', 'base64') where id = (select min(id) from mdl_block_instances);"
    );
    env.in_template(|env| {
        env.sql_in(TEMPLATE, &format!("set session_replication_role = replica; {sql}{addresses}{block}"))
    });
    // What closing a template would have found.
    let comment = comment(env).replace("\"blocks\":false", "\"blocks\":true");
    env.sql(&format!("comment on database {TEMPLATE} is '{comment}'"));
    planted
}

/// Puts one row into a table, if it is there and empty, with a word in its texts.
fn row(table: &str, word: &str) -> String {
    format!(
        "do $$ declare columns text; entries text; used boolean; begin
           select string_agg(quote_ident(column_name), ', '), string_agg(case
             when data_type in ('text', 'character varying')
               then quote_literal(left('{word}', coalesce(character_maximum_length, 1000)))
             else '7' end, ', ')
             into columns, entries from information_schema.columns
             where table_name = 'mdl_{table}' and column_name <> 'id'
               and (is_nullable = 'NO' or data_type in ('text', 'character varying'));
           if columns is null then return; end if;
           execute 'select exists (select from mdl_{table})' into used;
           if not used then execute format('insert into mdl_{table} (%s) values (%s)', columns, entries); end if;
         end $$;\n"
    )
}

/// Every file below a directory that holds one of some words.
fn files_with(root: &Path, words: &[String]) -> Vec<String> {
    let mut open = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            found.extend(
                words
                    .iter()
                    .filter(|word| text.contains(word.as_str()))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    found
}

/// Every secret of a site, each told by its kind.
const SECRETS: [(&str, &str); 8] = [
    ("identifier", "select value from mdl_config where name = 'siteidentifier'"),
    ("calendar", "select value from mdl_config where name = 'calendar_exportsalt'"),
    ("badges", "select value from mdl_config where name = 'badges_badgesalt'"),
    ("lti key", "select value from mdl_config_plugins where plugin = 'mod_lti' and name = 'privatekey'"),
    ("lti key's name", "select value from mdl_config_plugins where plugin = 'mod_lti' and name = 'kid'"),
    (
        "lti platform key",
        "select value from mdl_config_plugins where plugin = 'enrol_lti' and name = 'lti_13_privatekey'",
    ),
    (
        "lti platform key's name",
        "select value from mdl_config_plugins where plugin = 'enrol_lti' and name = 'lti_13_kid'",
    ),
    ("password", "select password from mdl_user where username = 'admin'"),
];

/// What a template is known by, beside its name: every secret that it has.
pub(crate) fn identity(env: &TestEnv) -> Vec<String> {
    env.in_template(|env| {
        let all = SECRETS.iter().map(|(_, query)| env.sql_in(TEMPLATE, query));
        // A dump writes the lines of a key with `\n` between them: a piece of one line is looked for.
        let pieces = all.map(|secret| secret.lines().nth(3).map_or(secret.clone(), str::to_owned));
        pieces.filter(|piece| !piece.is_empty()).chain(["template-school".to_owned()]).collect()
    })
}

pub(crate) fn is_itself(env: &TestEnv, site: &str, template: &[String]) {
    let dump = env.dump(&format!("test_{site}"));
    for word in template.iter().map(String::as_str).chain([NEEDLE]) {
        let lines: Vec<&str> = dump.lines().filter(|line| line.contains(word)).collect();
        assert!(lines.is_empty(), "the database of {site} holds the template's `{word}`: {lines:?}");
    }
    let words = [template, &[NEEDLE.to_owned()]].concat();
    let found = files_with(&env.state().join("data/sites").join(site), &words);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(
        env.sql_in(
            &format!("test_{site}"),
            "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace
        where nspname = 'public' and pg_get_userbyid(relowner) <> current_database()"
        ),
        "0"
    );
}

/// Whatever a rule is about is planted in a template; in a clone nothing of it is found but what the rules keep.
fn each_rule_is_kept(moodle: &Moodle) {
    let env = fleet(moodle, &["c1".to_owned()]);
    let up = env.up();
    let rules = Rules::for_branch(branch(&env));
    let planted = plant(&env, &rules);
    let template = identity(&env);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    is_itself(&env, "c1", &template);
    let kept = env.dump("test_c1").matches(KEPT).count();
    let expected = env.in_template(|env| env.dump(TEMPLATE)).matches(KEPT).count();
    assert!(
        kept == expected && expected > 2,
        "{kept} of {expected} that are to stay are there, of {planted}"
    );
    let texts =
        "select string_agg(value, E'\\n' order by name) from mdl_config_plugins where plugin = 'local_x'";
    let (host, port) = ("c1.localhost", env.port);
    assert_eq!(
        env.sql_in("test_c1", texts),
        format!(
            "u=http%3A%2F%2F{host}%3A{port}%2Fx\n{{\"a\":\"http:\\/\\/{host}:{port}\\/x\"}}\nsee http://{host}:{port}/x. Ask a@{host}."
        )
    );
    let block = "select convert_from(decode(configdata, 'base64'), 'UTF8') from mdl_block_instances order by id limit 1";
    let text = format!("see http://{host}:{port}/page");
    let block = env.sql_in("test_c1", block);
    assert!(block.contains(&format!("s:{}:\"{text}\"", text.len())), "{block}");
    // New ones where there were old ones, and nothing of what was left out.
    for value in rules.values.iter().filter(|value| value.rule == Rule::Regenerate && value.place == "core") {
        let query = format!("select length(value) > 5 from mdl_config where name = '{}'", value.name);
        assert_eq!(env.sql_in("test_c1", &query), "t", "{}", value.name);
    }
    assert!(Browser::new(env.port, "c1.localhost").login(&env.secret("site-c1-admin").unwrap()));
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    drop(up);
}

#[test]
fn each_rule_is_kept_on_the_newest_moodle() {
    let Some((version, moodle)) = Moodle::all().pop() else {
        println!("no Moodle can be had here, and the stand-in has no identity");
        return;
    };
    println!("on Moodle {version}");
    each_rule_is_kept(&moodle);
}

#[test]
fn each_rule_is_kept_on_the_oldest_moodle() {
    let mut all = Moodle::all();
    if all.len() < 2 {
        println!("no second Moodle can be had here");
        return;
    }
    let (version, moodle) = all.remove(0);
    println!("on Moodle {version}");
    each_rule_is_kept(&moodle);
}

#[test]
fn thirty_clones_at_once_have_thirty_secrets_of_each_kind_and_nothing_of_them_stays() {
    if Moodle::all().is_empty() {
        println!("no Moodle can be had here, and the stand-in has no identity");
        return;
    }
    let clones: Vec<String> = (1..=30).map(|number| format!("c{number}")).collect();
    let env = fleet(&Moodle::real(), &clones);
    let up = env.up();
    let template = identity(&env);
    let applied = env.run(&["apply", "--jobs", "8"]);
    assert_eq!(applied.code, 0, "{applied}");
    for (kind, query) in SECRETS {
        let each: BTreeSet<String> =
            clones.iter().map(|site| env.sql_in(&format!("test_{site}"), query)).collect();
        assert_eq!(each.len(), 30, "{kind}");
    }
    let key = |site: &String| {
        std::fs::read(env.state().join(format!("data/sites/{site}/secret/key/sodium.key"))).unwrap()
    };
    assert_eq!(clones.iter().map(key).collect::<BTreeSet<_>>().len(), 30);
    // Random minutes of some sixty tasks, as one text: no two sites do everything in the same minutes.
    let minutes =
        "select md5(string_agg(classname || minute || hour, ',' order by id)) from mdl_task_scheduled";
    let drawn: BTreeSet<String> =
        clones.iter().map(|site| env.sql_in(&format!("test_{site}"), minutes)).collect();
    assert_eq!(drawn.len(), 30);
    for site in &clones {
        is_itself(&env, site, &template);
    }
    for site in ["c1", "c30"] {
        let password = env.secret(&format!("site-{site}-admin")).unwrap();
        assert!(Browser::new(env.port, &format!("{site}.localhost")).login(&password), "{site}");
    }
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    // And away again, with the template: no database, role, directory or account is left.
    let text = env.fleet();
    env.write_fleet(text.split("\n[site.").next().unwrap());
    let gone = env.run(&["apply", "--allow-destroy"]);
    assert_eq!(gone.code, 0, "{gone}");
    assert_eq!(env.sql("select string_agg(datname, ',') from pg_database where datname like 'test%'"), "");
    assert_eq!(env.sql("select string_agg(rolname, ',') from pg_roles where rolname like 'test%'"), "");
    assert_eq!(std::fs::read_dir(env.state().join("data/sites")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(env.state().join("made/sites")).unwrap().count(), 0);
    assert!(env.account("template-school").is_none() && env.account("c1").is_none());
    drop(up);
}

/// Looks whether what a clone was given of the build's hooks is what core makes of them.
fn hooks_are_as_core_makes_them(env: &TestEnv, site: &str) {
    let known = env.state().join("made/sites/template-school").read_dir().unwrap().flatten();
    let known = known.filter(|entry| entry.file_name().to_string_lossy().starts_with("hooks-")).count();
    assert_eq!(known, 1, "the first clone tells what those after it are given");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clones/hooks.php");
    let told = |what: &[&str]| {
        let output = env.php_command(site, &script).args(what).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let given = told(&["forget"]);
    assert!(given.starts_with("callbacks ") && !given.contains("callbacks 0 "), "{given}");
    assert_eq!(told(&[]), given);
}

#[test]
fn a_clone_that_is_killed_anywhere_is_made_anew() {
    if Moodle::all().is_empty() {
        println!("no Moodle can be had here, and the stand-in has no identity");
        return;
    }
    let clones: Vec<String> = (1..=8).map(|number| format!("c{number}")).collect();
    let env = fleet(&Moodle::real(), &clones);
    let up = env.up();
    let template = identity(&env);
    let whole = env.fleet();
    let (head, sites) = whole.split_at(whole.find("\n[site.").unwrap());
    let (sites, tail) = sites.split_at(sites.find("\n[template.").unwrap());
    let each: Vec<&str> = sites.split("\n[site.").filter(|one| !one.trim().is_empty()).collect();
    for number in 1..=each.len() {
        let sites: String = each[..number].iter().flat_map(|one| ["\n[site.", *one]).collect();
        env.write_fleet(&format!("{head}{sites}{tail}"));
        let mut apply = env.spawn(&["apply"]);
        let begun = format!("] site/c{number}/clone\n");
        wait(Duration::from_mins(1), || env.background().contains(&begun).then_some(()));
        std::thread::sleep(Duration::from_millis(number as u64 * 130));
        apply.signal(Signal::KILL);
        apply.wait();
        let completed = env.run(&["apply"]);
        assert_eq!(completed.code, 0, "killed at {} ms: {completed}", number * 130);
        is_itself(&env, &format!("c{number}"), &template);
    }
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    hooks_are_as_core_makes_them(&env, &format!("c{}", each.len()));
    drop(up);
}
