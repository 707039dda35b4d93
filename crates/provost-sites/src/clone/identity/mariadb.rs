//! The same batch for MariaDB. Its blocks are compound statements, its texts compare without regard to case unless they are told, and its
//! `uuid()` is made of the time and the machine: what must not be guessed comes from `random_bytes`, which there is from 10.10 on.

use super::{Identity, PLACES, TASKS};
use crate::clone::rules::{Make, Rule, Rules};
use crate::database::mariadb::{literal as text, quoted};

/// See [`Identity::batch`].
pub(super) fn batch(identity: &Identity<'_>, rules: &Rules) -> String {
    let parts = [
        "start transaction".to_owned(),
        emptying(identity.prefix, rules),
        addresses(identity),
        redraw(identity, rules),
        values(identity, rules, |_| true),
        columns(identity, rules),
        names(identity),
        passwords(identity),
        administrator(identity),
        marks(identity),
        not_ready(identity),
        "commit".to_owned(),
    ];
    super::joined(&parts)
}

/// See [`Identity::taking`].
pub(super) fn taking(identity: &Identity<'_>, rules: &Rules) -> String {
    super::joined(&[
        "start transaction".to_owned(),
        addresses(identity),
        redraw(identity, rules),
        values(identity, rules, Make::names_the_site),
        names(identity),
        administrator(identity),
        marks(identity),
        "commit".to_owned(),
    ])
}

/// See [`Identity::secrets`].
pub(super) fn secrets(identity: &Identity<'_>, wanted: &[(&str, &str)]) -> String {
    let wanted: Vec<String> = wanted
        .iter()
        .map(|(plugin, name)| match *name {
            "*" => format!("plugin = {}", text(plugin)),
            name => format!("(plugin = {} and name = {})", text(plugin), text(name)),
        })
        .collect();
    format!(
        "select cast(what as char), cast(md5(value) as char) from (
           select concat(plugin, '/', name) as what, value from (
             select 'core' as plugin, name, value from {config}
             union all select plugin, name, value from {plugins}) as settings
           where {wanted}
           union all select concat('user/', id, '/password'), password from {user} where username <> 'guest'
         ) as secrets where value not in ('', 'restored') order by what",
        config = table(identity, "config"),
        plugins = table(identity, "config_plugins"),
        user = table(identity, "user"),
        wanted = wanted.join(" or "),
    )
}

pub(super) fn table(identity: &Identity<'_>, name: &str) -> String {
    quoted(&format!("{}{name}", identity.prefix))
}

/// Tables that are there: the template was emptied before it was closed, so there is next to nothing to do.
pub(crate) fn emptying(prefix: &str, rules: &Rules) -> String {
    let preferences = format!("{prefix}user_preferences");
    let names: Vec<String> = rules.emptied().map(|name| text(&format!("{prefix}{name}"))).collect();
    format!(
        "begin not atomic
           for one in (select table_name as t from information_schema.tables
                       where table_schema = database() and table_name in ({})) do
             execute immediate concat('delete from `', one.t, '`');
           end for;
           if exists (select 1 from information_schema.tables where table_schema = database() and table_name = {there}) then
             delete from {table} where name in ({forgotten});
           end if;
         end",
        names.join(", "),
        there = text(&preferences),
        table = quoted(&preferences),
        forgotten = super::forgotten(rules, text),
    )
}

/// Finds the columns that hold one of some texts, and notes them under the plugin `provost`.
pub(crate) fn places(prefix: &str, texts: &[&str]) -> String {
    let look = format!("select exists (select 1 from `{{table}}` where {}) into @provost_hit", held(texts));
    format!(
        "begin not atomic
           declare found longtext default '';
           for one in (select table_name as t, column_name as c from information_schema.columns
                       where table_schema = database() and data_type in ('varchar', 'text', 'mediumtext', 'longtext')
                         and left(table_name, {length}) = {prefix} order by 1, 2) do
             execute immediate replace(replace({look}, '{{table}}', one.t), '{{column}}', one.c);
             if @provost_hit then
               set found = concat(found, if(found = '', '', ','), json_array(one.t, one.c));
             end if;
           end for;
           insert into {plugins} (plugin, name, value) values ('provost', '{PLACES}', concat('[', found, ']'));
         end",
        length = prefix.len(),
        prefix = text(prefix),
        look = text(&look),
        plugins = quoted(&format!("{prefix}config_plugins")),
    )
}

/// The column that is looked at, to the letter.
const COLUMN: &str = "convert(`{column}` using utf8mb4) collate utf8mb4_bin";

/// Whether the column holds one of some texts, as they are, as JSON writes them, or as a URL does.
fn held(texts: &[&str]) -> String {
    let mut all: Vec<String> = Vec::new();
    for one in texts {
        for form in [(*one).to_owned(), one.replace('/', "\\/"), one.replace('/', "%2F")] {
            let found = format!("locate({}, {COLUMN}) > 0", text(&form));
            if !all.contains(&found) {
                all.push(found);
            }
        }
    }
    all.join(" or ")
}

/// See the one for PostgreSQL.
fn addresses(identity: &Identity<'_>) -> String {
    let forms =
        |one: &str| [one.to_owned(), one.replace('/', "\\/"), one.replace(':', "%3A").replace('/', "%2F")];
    let mut replaced = COLUMN.to_owned();
    let pairs = [(identity.from_url, identity.to_url), (identity.from_dataroot, identity.to_dataroot)];
    for (from, to) in pairs {
        for (from, to) in forms(from).iter().zip(forms(to)) {
            replaced = format!("replace({replaced}, {}, {})", text(from), text(&to));
        }
    }
    let host = identity.from_host.replace('.', "\\.");
    let alone = format!("(?<![A-Za-z0-9.-]){host}(?!\\.?[A-Za-z0-9-])");
    let replaced = format!("regexp_replace({replaced}, {}, {})", text(&alone), text(identity.to_host));
    let update = format!(
        "update `{{table}}` set `{{column}}` = {replaced} where {}",
        held(&[identity.from_host, identity.from_dataroot])
    );
    format!(
        "begin not atomic
           for place in (select t, c from {plugins}, json_table(value, '$[*]'
                           columns (t varchar(64) path '$[0]', c varchar(64) path '$[1]')) as listed
                         where plugin = 'provost' and name = '{PLACES}') do
             execute immediate replace(replace({update}, '{{table}}', place.t), '{{column}}', place.c);
           end for;
         end",
        plugins = table(identity, "config_plugins"),
        update = text(&update),
    )
}

/// See the one for PostgreSQL. A session of ours counts hours and days in UTC.
fn redraw(identity: &Identity<'_>, rules: &Rules) -> String {
    if rules.tasks.iter().all(|tasks| tasks.rule != Rule::Redraw) {
        return String::new();
    }
    let (tasks, plugins) = (table(identity, "task_scheduled"), table(identity, "config_plugins"));
    let drawn = |field: &str, moments: u32| {
        format!(
            "update {tasks} set `{field}` = cast(floor(rand() * {moments}) as char)
             where customised = 0 and classname collate utf8mb4_bin in (
               select task collate utf8mb4_bin from {plugins}, json_table(value, '$[*]' columns (
                   task varchar(255) character set utf8mb4 path '$[0]', field varchar(20) path '$[1]')) as drawn
               where plugin = 'provost' and name = '{TASKS}' and field = '{field}')"
        )
    };
    let within = |seconds: u32, moment: &str| {
        let at = format!("(unix_timestamp() - unix_timestamp() % {seconds} + {moment})");
        format!("{at} + if({at} > unix_timestamp(), 0, {seconds})")
    };
    let next = format!(
        "update {tasks} set lastruntime = 0, timestarted = null, hostname = null, pid = null, faildelay = 0, nextruntime = case
           when `minute` regexp '^[0-9]+$' and `hour` regexp '^[0-9]+$' then {}
           when `minute` regexp '^[0-9]+$' then {}
           else unix_timestamp() + floor(rand() * 300) end",
        within(86_400, "cast(`hour` as unsigned) * 3600 + cast(`minute` as unsigned) * 60"),
        within(3_600, "cast(`minute` as unsigned) * 60"),
    );
    [drawn("minute", 60), drawn("hour", 24), drawn("dayofweek", 7), next].join(";\n")
}

fn made(identity: &Identity<'_>, make: Make, length: u32) -> Option<String> {
    let digits = "lower(hex(random_bytes(32)))";
    Some(match make {
        Make::Identifier => format!("concat(left({digits}, 32), {})", text(identity.to_host)),
        Make::Random => format!("left({digits}, {})", length.min(64)),
        Make::Uuid => {
            let pattern = text("^(.{8})(.{4}).(.{3}).(.{3})(.{12})$");
            let parts = text("\\1-\\2-4\\3-a\\4-\\5");
            format!("regexp_replace(lower(hex(random_bytes(16))), {pattern}, {parts})")
        }
        Make::Noreply => text(&format!("noreply@{}", identity.to_host)),
        Make::Administrator => text(identity.admin_email),
        Make::Rsa | Make::Kid => return None,
    })
}

fn values(identity: &Identity<'_>, rules: &Rules, wanted: impl Fn(Make) -> bool) -> String {
    let values = rules.values.iter().filter(|value| value.make.is_none_or(&wanted));
    let statements = values.filter_map(|value| {
        let (table, plugin) = match value.place.as_str() {
            "core" => (table(identity, "config"), String::new()),
            plugin => (table(identity, "config_plugins"), format!(" and plugin = {}", text(plugin))),
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
                let made = made(identity, make, value.length)?;
                Some(format!("update {table} set value = {made} where value <> ''{plugin}{name}"))
            }
            _ => None,
        }
    });
    statements.collect::<Vec<_>>().join(";\n")
}

/// Columns of tables that are there: a plugin may be absent.
fn columns(identity: &Identity<'_>, rules: &Rules) -> String {
    let statements = rules.columns.iter().filter_map(|column| {
        let table = format!("{}{}", identity.prefix, column.table);
        let name = quoted(&column.name);
        let update = match (column.rule, column.make) {
            (Rule::Drop, _) => format!("update {} set {name} = '' where {name} <> ''", quoted(&table)),
            (Rule::Regenerate, Some(make)) => {
                let made = made(identity, make, column.length)?;
                format!("update {} set {name} = {made} where {name} <> ''", quoted(&table))
            }
            _ => return None,
        };
        Some(format!(
            "if exists (select 1 from information_schema.tables where table_schema = database() and table_name = {}) \
             then {update}; end if;",
            text(&table)
        ))
    });
    format!("begin not atomic\n{}\nend", statements.collect::<Vec<_>>().join("\n"))
}

fn names(identity: &Identity<'_>) -> String {
    format!(
        "update {} set fullname = {}, shortname = {} where category = 0",
        table(identity, "course"),
        text(identity.full_name),
        text(identity.short_name)
    )
}

/// See the one for PostgreSQL.
fn passwords(identity: &Identity<'_>) -> String {
    let user = table(identity, "user");
    format!(
        "update {user} set password = 'restored' where username <> 'guest' and auth = 'manual' and password <> '';
         update {user} set firstaccess = 0, lastaccess = 0, lastlogin = 0, currentlogin = 0"
    )
}

fn administrator(identity: &Identity<'_>) -> String {
    format!(
        "update {user} set username = {name}, email = {email} where id = (
           select cast(substring_index(value, ',', 1) as unsigned) from {config} where name = 'siteadmins')",
        user = table(identity, "user"),
        config = table(identity, "config"),
        name = text(identity.admin_user),
        email = text(identity.admin_email),
    )
}

fn marks(identity: &Identity<'_>) -> String {
    let plugins = table(identity, "config_plugins");
    let each =
        identity.marks.iter().map(|(name, value)| format!("('provost', {}, {})", text(name), text(value)));
    let rows: Vec<String> = each.collect();
    format!(
        "delete from {plugins} where plugin = 'provost'{notes};
         insert into {plugins} (plugin, name, value) values {rows}",
        notes = identity.but_for_notes(),
        rows = rows.join(", "),
    )
}

/// See the one for PostgreSQL.
fn not_ready(identity: &Identity<'_>) -> String {
    format!(
        "insert into {config} (name, value) values ('upgraderunning', cast(unix_timestamp() + 600 as char))
           on duplicate key update value = values(value)",
        config = table(identity, "config"),
    )
}
