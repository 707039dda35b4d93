//! The SQL that takes a copied database from its template to its site: one round trip, before PHP sees the copy for the first time.
//!
//! No cache of the clone exists yet, so nothing can be stale; and Moodle never runs with the template's identity, not even once. Random
//! values are drawn by the server itself, so that none stands in a statement that a log may keep.

pub(crate) mod mariadb;

use provost_fleet::model::Engine;

use super::rules::{Make, Rule, Rules};
use crate::database::postgresql::{literal as text, quoted};

/// What a clone is, beside what it has of its template.
#[derive(Debug, Clone)]
pub(crate) struct Identity<'a> {
    /// Moodle's table prefix.
    pub(crate) prefix: &'a str,
    /// The role that owns the template's tables.
    pub(crate) from_role: &'a str,
    /// The role that shall own them.
    pub(crate) to_role: &'a str,
    /// The template's wwwroot.
    pub(crate) from_url: &'a str,
    /// The template's host.
    pub(crate) from_host: &'a str,
    /// The template's dataroot.
    pub(crate) from_dataroot: &'a str,
    /// The clone's dataroot.
    pub(crate) to_dataroot: &'a str,
    /// The clone's wwwroot.
    pub(crate) to_url: &'a str,
    /// The clone's host.
    pub(crate) to_host: &'a str,
    /// Moodle's name of the site.
    pub(crate) full_name: &'a str,
    /// Its short name.
    pub(crate) short_name: &'a str,
    /// The administrator's user name.
    pub(crate) admin_user: &'a str,
    /// The administrator's address.
    pub(crate) admin_email: &'a str,
    /// What Provost writes into the site of it, under the plugin `provost`.
    pub(crate) marks: &'a [(&'a str, &'a str)],
    /// Whether it will be cloned or taken itself: then what its template wrote down for its clones stays.
    pub(crate) keeps_notes: bool,
}

/// What the template wrote down for its clones, under the plugin `provost`; see `template.close` of the agent.
pub(crate) const TASKS: &str = "template_tasks";
/// What delimits blocks of code. Nothing that stands in one can hold it: hosts, paths and names of tables have no `$` in a row with a
/// word of this program's own.
pub(crate) const PROVOST: &str = "$provost_block$";
/// Which columns hold its address or its directory.
pub(crate) const PLACES: &str = "template_places";

impl Identity<'_> {
    /// The whole batch, as one transaction. `upgraderunning` stands until PHP has done its part: whoever comes too early meets Moodle's
    /// own page for a site that is not ready, and plugins are not called.
    pub(crate) fn batch(&self, engine: Engine, rules: &Rules) -> String {
        match engine {
            Engine::Postgresql => self.batch_of_postgresql(rules),
            Engine::Mariadb => mariadb::batch(self, rules),
        }
    }

    fn batch_of_postgresql(&self, rules: &Rules) -> String {
        let parts = [
            "begin".to_owned(),
            format!("reassign owned by {} to {}", quoted(self.from_role), quoted(self.to_role)),
            emptying(self.prefix, rules),
            self.addresses(),
            self.redraw(rules),
            self.values(rules, |_| true),
            self.columns(rules),
            self.names(),
            self.passwords(),
            self.administrator(),
            self.marks(),
            self.not_ready(),
            "commit".to_owned(),
        ];
        joined(&parts)
    }

    /// What a spare lacks to be the site that takes it: it has an identity of its own already, and nobody has used it. What it is called
    /// and where it is becomes the site's, and its tasks begin from now on.
    pub(crate) fn taking(&self, engine: Engine, rules: &Rules) -> String {
        match engine {
            Engine::Postgresql => joined(&[
                "begin".to_owned(),
                self.addresses(),
                self.redraw(rules),
                self.values(rules, Make::names_the_site),
                self.names(),
                self.administrator(),
                self.marks(),
                "commit".to_owned(),
            ]),
            Engine::Mariadb => mariadb::taking(self, rules),
        }
    }

    /// What a site is called, as its own database tells it: texts, in the order of [`Self::names_told`].
    pub(crate) fn telling(&self, engine: Engine) -> String {
        let table = |name: &str| match engine {
            Engine::Postgresql => self.table(name),
            Engine::Mariadb => mariadb::table(self, name),
        };
        let as_text = |column: &str| match engine {
            Engine::Postgresql => format!("{column}::text"),
            Engine::Mariadb => format!("cast({column} as char)"),
        };
        let text = |one: &str| match engine {
            Engine::Postgresql => text(one),
            Engine::Mariadb => crate::database::mariadb::literal(one),
        };
        format!(
            "select (select {fullname} from {course} where category = 0), (select {shortname} from {course} where category = 0),
               (select {username} from {user} where username = {name}), (select {email} from {user} where username = {name}),
               (select {value} from {plugins} where plugin = 'provost' and name = 'wwwroot'),
               (select {value} from {config} where name = 'siteidentifier')",
            fullname = as_text("fullname"),
            shortname = as_text("shortname"),
            username = as_text("username"),
            email = as_text("email"),
            value = as_text("value"),
            course = table("course"),
            user = table("user"),
            plugins = table("config_plugins"),
            config = table("config"),
            name = text(self.admin_user),
        )
    }

    /// What [`Self::telling`] is to answer, but for the identifier, which ends with the host.
    pub(crate) fn names_told(&self) -> [&str; 5] {
        [self.full_name, self.short_name, self.admin_user, self.admin_email, self.to_url]
    }

    /// Digests of everything that must be another one afterwards: two columns, what and digest.
    pub(crate) fn secrets(&self, engine: Engine, rules: &Rules) -> String {
        let wanted: Vec<(&str, &str)> = rules
            .values
            .iter()
            .filter(|value| matches!(value.rule, Rule::Regenerate | Rule::Drop))
            .filter(|value| !matches!(value.make, Some(Make::Noreply | Make::Administrator)))
            .map(|value| (value.place.as_str(), value.name.as_str()))
            .collect();
        match engine {
            Engine::Postgresql => self.secrets_of_postgresql(&wanted),
            Engine::Mariadb => mariadb::secrets(self, &wanted),
        }
    }

    fn secrets_of_postgresql(&self, wanted: &[(&str, &str)]) -> String {
        let wanted: Vec<String> = wanted
            .iter()
            .map(|(plugin, name)| match *name {
                "*" => format!("plugin = {}", text(plugin)),
                name => format!("(plugin = {} and name = {})", text(plugin), text(name)),
            })
            .collect();
        format!(
            "select what, md5(value) from (
               select plugin || '/' || name as what, plugin, name, value from (
                 select 'core'::text as plugin, name::text as name, value from {config}
                 union all select plugin::text, name::text, value from {plugins}) as settings
               where {wanted}
               union all select 'user/' || id || '/password', '', '', password::text from {user} where username <> 'guest'
             ) as secrets where value not in ('', 'restored') order by what",
            config = self.table("config"),
            plugins = self.table("config_plugins"),
            user = self.table("user"),
            wanted = wanted.join(" or "),
        )
    }

    fn table(&self, name: &str) -> String {
        quoted(&format!("{}{name}", self.prefix))
    }

    /// The template's address and its directory, in the columns that were found to hold one of them: as they are, as JSON writes them, as
    /// a URL does, and the host alone.
    fn addresses(&self) -> String {
        let forms = |one: &str| {
            [one.to_owned(), one.replace('/', "\\/"), one.replace(':', "%3A").replace('/', "%2F")]
        };
        let mut replaced = "{column}".to_owned();
        for (from, to) in [(self.from_url, self.to_url), (self.from_dataroot, self.to_dataroot)] {
            for (from, to) in forms(from).iter().zip(forms(to)) {
                replaced = format!("replace({replaced}, {}, {})", text(from), text(&to));
            }
        }
        let host = self.from_host.replace('.', "\\.");
        let alone = format!("(?<![A-Za-z0-9.-]){host}(?!\\.?[A-Za-z0-9-])");
        replaced = format!("regexp_replace({replaced}, {}, {}, 'g')", text(&alone), text(self.to_host));
        let statement = replaced.replace('%', "%%").replace("{column}", "%2$I::text");
        let holds =
            held(&[self.from_host, self.from_dataroot]).replace('%', "%%").replace("{column}", "%2$I::text");
        let template = format!("update %1$I set %2$I = {statement} where {holds}");
        format!(
            "do {PROVOST} declare place jsonb; begin
               for place in select jsonb_array_elements(value::jsonb) from {plugins} where plugin = 'provost' and name = '{PLACES}' loop
                 execute format({template}, place->>0, place->>1);
               end loop;
             end {PROVOST}",
            plugins = self.table("config_plugins"),
            template = text(&template),
        )
    }

    /// New random moments where the plugin asks for one, and next runs that are spread from now on.
    fn redraw(&self, rules: &Rules) -> String {
        if rules.tasks.iter().all(|tasks| tasks.rule != Rule::Redraw) {
            return String::new();
        }
        let (tasks, plugins) = (self.table("task_scheduled"), self.table("config_plugins"));
        let drawn = |field: &str, moments: u32| {
            format!(
                "update {tasks} set {field} = floor(random() * {moments})::int::text where customised = 0 and classname in (
                   select drawn->>0 from {plugins}, jsonb_array_elements(value::jsonb) as drawn
                   where plugin = 'provost' and name = '{TASKS}' and drawn->>1 = '{field}')"
            )
        };
        // One that has a fixed minute next runs in that minute, at its fixed hour if it has one; any other within the next five.
        let next = format!(
            "update {tasks} set lastruntime = 0, timestarted = null, hostname = null, pid = null, faildelay = 0, nextruntime = case
               when minute ~ '^[0-9]+$' and hour ~ '^[0-9]+$' then (
                 select at + case when at > extract(epoch from now()) then 0 else 86400 end from (
                   select extract(epoch from date_trunc('day', now()))::bigint + hour::int * 3600 + minute::int * 60 as at) as today)
               when minute ~ '^[0-9]+$' then (
                 select at + case when at > extract(epoch from now()) then 0 else 3600 end from (
                   select extract(epoch from date_trunc('hour', now()))::bigint + minute::int * 60 as at) as this_hour)
               else extract(epoch from now())::bigint + floor(random() * 300)::int end"
        );
        [drawn("minute", 60), drawn("hour", 24), drawn("dayofweek", 7), next].join(";\n")
    }

    fn made(&self, make: Make, length: u32) -> Option<String> {
        let digits = "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')";
        Some(match make {
            Make::Identifier => format!("left({digits}, 32) || {}", text(self.to_host)),
            Make::Random => format!("left({digits}, {})", length.min(64)),
            Make::Uuid => "gen_random_uuid()::text".to_owned(),
            Make::Noreply => text(&format!("noreply@{}", self.to_host)),
            Make::Administrator => text(self.admin_email),
            Make::Rsa | Make::Kid => return None,
        })
    }

    fn values(&self, rules: &Rules, wanted: impl Fn(Make) -> bool) -> String {
        let values = rules.values.iter().filter(|value| value.make.is_none_or(&wanted));
        let statements = values.filter_map(|value| {
            let (table, plugin) = match value.place.as_str() {
                "core" => (self.table("config"), String::new()),
                plugin => (self.table("config_plugins"), format!(" and plugin = {}", text(plugin))),
            };
            let name = match value.name.as_str() {
                "*" => String::new(),
                name => format!(" and name = {}", text(name)),
            };
            match (value.rule, value.make) {
                (Rule::Drop, _) if value.place == "core" => {
                    Some(format!("update {table} set value = '' where true{name}"))
                }
                (Rule::Drop, _) => Some(format!("delete from {table} where true{plugin}{name}")),
                (Rule::Regenerate, Some(make)) => {
                    let made = self.made(make, value.length)?;
                    Some(format!("update {table} set value = {made} where value <> ''{plugin}{name}"))
                }
                _ => None,
            }
        });
        statements.collect::<Vec<_>>().join(";\n")
    }

    /// Columns of tables that are there and not empty: a plugin may be absent, and an empty table is not worth a look.
    fn columns(&self, rules: &Rules) -> String {
        let statements = rules.columns.iter().filter_map(|column| {
            let table = format!("{}{}", self.prefix, column.table);
            let name = quoted(&column.name);
            let update = match (column.rule, column.make) {
                (Rule::Drop, _) => format!("update {} set {name} = '' where {name} <> ''", quoted(&table)),
                (Rule::Regenerate, Some(make)) => {
                    let made = self.made(make, column.length)?;
                    format!("update {} set {name} = {made} where {name} <> ''", quoted(&table))
                }
                _ => return None,
            };
            Some(format!(
                "if coalesce(pg_relation_size(to_regclass({})), 0) > 0 then {update}; end if;",
                text(&quoted(&table))
            ))
        });
        format!("do {PROVOST} begin\n{}\nend {PROVOST}", statements.collect::<Vec<_>>().join("\n"))
    }

    fn names(&self) -> String {
        format!(
            "update {} set fullname = {}, shortname = {} where category = 0",
            self.table("course"),
            text(self.full_name),
            text(self.short_name)
        )
    }

    /// The first administrator becomes the clone's; nobody else's password is the template's any more: `restored` is core's own word for
    /// an account whose password has to be set anew. The guest's is the word `guest`, everywhere.
    fn passwords(&self) -> String {
        let user = self.table("user");
        format!(
            "update {user} set password = 'restored' where username <> 'guest' and auth = 'manual' and password <> '';
             update {user} set firstaccess = 0, lastaccess = 0, lastlogin = 0, currentlogin = 0"
        )
    }

    fn administrator(&self) -> String {
        let user = self.table("user");
        format!(
            "update {user} set username = {name}, email = {email} where id = (
               select split_part(value, ',', 1)::bigint from {config} where name = 'siteadmins')",
            config = self.table("config"),
            name = text(self.admin_user),
            email = text(self.admin_email),
        )
    }

    fn marks(&self) -> String {
        let plugins = self.table("config_plugins");
        let each =
            self.marks.iter().map(|(name, value)| format!("('provost', {}, {})", text(name), text(value)));
        let rows: Vec<String> = each.collect();
        format!(
            "delete from {plugins} where plugin = 'provost'{notes};
             insert into {plugins} (plugin, name, value) values {rows}",
            notes = self.but_for_notes(),
            rows = rows.join(", "),
        )
    }

    fn but_for_notes(&self) -> String {
        if self.keeps_notes { format!(" and name not in ('{TASKS}', '{PLACES}')") } else { String::new() }
    }

    /// What keeps everybody out until PHP has done its part.
    fn not_ready(&self) -> String {
        format!(
            "insert into {config} (name, value) values ('upgraderunning', extract(epoch from now() + interval '10 minutes')::bigint::text)
               on conflict (name) do update set value = excluded.value",
            config = self.table("config"),
        )
    }
}

fn joined(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).flat_map(|part| [part.as_str(), ";\n"]).collect()
}

/// Tables that are there and not empty: the template was emptied before it was closed, so there is next to nothing to do. And the
/// preferences that nobody keeps.
pub(crate) fn emptying(prefix: &str, rules: &Rules) -> String {
    let preferences = quoted(&format!("{prefix}user_preferences"));
    let names: Vec<String> = rules.emptied().map(|name| text(&format!("{prefix}{name}"))).collect();
    format!(
        "do {PROVOST} declare one text; begin
           foreach one in array array[{}] loop
             if coalesce(pg_relation_size(to_regclass(quote_ident(one))), 0) > 0 then
               execute format('delete from %I', one);
             end if;
           end loop;
           if to_regclass({there}) is not null then
             delete from {preferences} where name in ({forgotten});
           end if;
         end {PROVOST}",
        names.join(", "),
        there = text(&preferences),
        forgotten = forgotten(rules, text),
    )
}

/// The names of the preferences that nobody keeps, as a list in SQL.
pub(crate) fn forgotten(rules: &Rules, text: impl Fn(&str) -> String) -> String {
    let names: Vec<String> = rules.forgotten().map(text).collect();
    if names.is_empty() { "null".to_owned() } else { names.join(", ") }
}

/// Whether `{column}` holds one of some texts, as they are or as JSON writes them.
pub(crate) fn held(texts: &[&str]) -> String {
    let mut all: Vec<String> = Vec::new();
    for one in texts {
        for form in [(*one).to_owned(), one.replace('/', "\\/"), one.replace('/', "%2F")] {
            let found = format!("position({} in {{column}}) > 0", text(&form));
            if !all.contains(&found) {
                all.push(found);
            }
        }
    }
    all.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity<'static> {
        Identity {
            prefix: "mdl_",
            from_role: "test_template_school",
            to_role: "test_hugo",
            from_url: "http://template-school.invalid",
            from_host: "template-school.invalid",
            from_dataroot: "/srv/data/sites/template-school",
            to_dataroot: "/srv/data/sites/hugo",
            to_url: "https://hugo.example.org",
            to_host: "hugo.example.org",
            full_name: "Lycée d'Hugo",
            short_name: "hugo",
            keeps_notes: false,
            admin_user: "admin",
            admin_email: "ops@example.org",
            marks: &[("fleet", "fleet-id"), ("site", "hugo")],
        }
    }

    #[test]
    fn the_batch_is_one_transaction_without_a_secret() {
        insta::assert_snapshot!(identity().batch(Engine::Postgresql, &Rules::for_branch(404)));
    }

    /// With all of them would go its version, and Moodle would install it again.
    #[test]
    fn of_a_plugin_that_has_a_version_no_rule_means_all_settings() {
        for branch in [404, 500] {
            let rules = Rules::for_branch(branch);
            let whole = rules.values.iter().filter(|value| value.name == "*");
            assert_eq!(whole.map(|value| value.place.as_str()).collect::<Vec<_>>(), ["hub", "mnet"]);
        }
    }

    #[test]
    fn what_must_differ_is_compared_by_digests() {
        insta::assert_snapshot!(identity().secrets(Engine::Postgresql, &Rules::for_branch(404)));
    }

    #[test]
    fn the_batch_for_mariadb() {
        insta::assert_snapshot!(identity().batch(Engine::Mariadb, &Rules::for_branch(404)));
        insta::assert_snapshot!(
            "secrets_of_mariadb",
            identity().secrets(Engine::Mariadb, &Rules::for_branch(404))
        );
    }

    #[test]
    fn a_spare_is_given_names_and_keeps_its_secrets() {
        let rules = Rules::for_branch(404);
        for engine in [Engine::Postgresql, Engine::Mariadb] {
            let batch = identity().taking(engine, &rules);
            for names in ["siteidentifier", "noreplyaddress", "https://hugo.example.org", "Lycée d''Hugo"] {
                assert!(batch.contains(names), "{names} {batch}");
            }
            for kept in ["calendar_exportsalt", "password", "upgraderunning", "reassign"] {
                assert!(!batch.contains(kept), "{kept} {batch}");
            }
        }
        assert_eq!(identity().names_told().last(), Some(&"https://hugo.example.org"));
    }

    #[test]
    fn what_is_taken_later_keeps_what_its_template_wrote_down() {
        let rules = Rules::for_branch(404);
        for engine in [Engine::Postgresql, Engine::Mariadb] {
            let notes = "and name not in ('template_tasks', 'template_places')";
            assert!(!identity().batch(engine, &rules).contains(notes));
            assert!(Identity { keeps_notes: true, ..identity() }.batch(engine, &rules).contains(notes));
        }
    }

    #[test]
    fn quotes_stay_inside_their_text() {
        assert_eq!(text("a'b"), "'a''b'");
    }
}
