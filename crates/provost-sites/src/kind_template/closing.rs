//! Opening and closing a template: who may come in, and what clones need to be told.

use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_fleet::model::{Engine, Template};
use provost_fleet::name::Name;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _};

use super::TemplateKind;
use crate::accounts;
use crate::agent::Agent;
use crate::clone::hooks;
use crate::clone::identity::{self, PLACES, PROVOST, TASKS, emptying, held};
use crate::clone::rules::Rules;
use crate::database::postgresql::{literal as text, quoted};
use crate::database::{self, mariadb};
use crate::mark::{Mark, Stage, TemplateMark};
use crate::server::Sql;
use crate::site::files;
use crate::site::{SiteError, dataroot};

/// Longest look of the agent at a template. It reads what plugins declare, and takes drafts away.
const LOOK: Duration = Duration::from_mins(10);

impl TemplateKind {
    /// Closes a template that is whole: nobody can come in afterwards, and everything that clones need is written down in it. Returns
    /// how large its database is, in words.
    pub(super) async fn close(
        &self,
        cx: &Context,
        subject: String,
        name: &Name,
        mark: TemplateMark,
    ) -> Result<String, SiteError> {
        let (site_name, template) = self.declared(name)?;
        let site = &template.site;
        let user = accounts::site(cx, &self.fleet_id.id, &site_name).await?;
        let mut agent = Agent::open(cx, &site_name, &user.account, Some(&subject)).await?;
        let told = agent.call(cx, "template.close", serde_json::json!({}), LOOK).await;
        agent.close().await;
        let told = told?;
        hooks::remember(cx, &site_name, &mark.tree, &told["hooks"])?;
        let mut inside = self.servers.admin(cx, &site.database, Some(&site.database_name)).await?;
        let rules = Rules::for_branch(mark.branch.parse().unwrap_or(0));
        let path = dataroot(cx, &site_name, site);
        self.write_down(&mut inside.sql, (template, &path), &rules, &told["tasks"]).await?;
        drop(inside);
        let mark = TemplateMark {
            open: false,
            encrypted: told["encrypted"].as_u64().unwrap_or(0) > 0,
            blocks: told["blocks"].as_u64().unwrap_or(0) > 0,
            ..mark
        };
        let mark = self.full_mark(cx, &site_name, template, mark);
        let mut admin = self.servers.admin(cx, &site.database, None).await?;
        match &mut admin.sql {
            Sql::Postgresql(sql) => shut(sql, &site.database_name).await?,
            Sql::Mariadb(sql) => mariadb::shut(sql, &site.database_name).await?,
        }
        files::write_mark(&dataroot(cx, &site_name, site), &mark, &user)?;
        database::set_mark(&mut admin.sql, &site.database_name, &mark).await?;
        let size = match &mut admin.sql {
            Sql::Postgresql(sql) => {
                sqlx::query_scalar("select pg_size_pretty(pg_database_size($1::text))")
                    .bind(&site.database_name)
                    .fetch_one(sql)
                    .await?
            }
            Sql::Mariadb(sql) => {
                let looked = mariadb::look_at_closed(sql, &site.database_name).await?;
                let looked = looked.filter(|looked| looked.locked);
                let looked = looked.ok_or_else(|| SiteError::ReadBack("it is still open".to_owned()))?;
                format!("{} MB", looked.bytes >> 20)
            }
        };
        Ok(size)
    }

    pub(super) fn declared(&self, name: &Name) -> Result<(Name, &Template), SiteError> {
        let template = self.fleet.templates.get(name);
        let template =
            template.ok_or_else(|| SiteError::ReadBack(format!("no template is called `{name}`")))?;
        let site = Template::site_name(name).map_err(|error| SiteError::ReadBack(error.to_string()))?;
        Ok((site, template))
    }

    pub(super) fn full_mark(
        &self,
        cx: &Context,
        site_name: &Name,
        template: &Template,
        mark: TemplateMark,
    ) -> Mark {
        Mark {
            fleet: self.fleet_id.id.clone(),
            site: site_name.clone(),
            stage: Stage::Installed,
            dataroot: Some(dataroot(cx, site_name, &template.site).into_string()),
            was: None,
            server: Some(template.site.database.clone()),
            copy: None,
            template: Some(Box::new(mark)),
        }
    }

    /// Empties what no clone shall have, notes what clones are told, and makes the database as small as it can be: clones copy every page.
    async fn write_down(
        &self,
        sql: &mut Sql,
        (template, dataroot): (&Template, &Utf8Path),
        rules: &Rules,
        tasks: &serde_json::Value,
    ) -> Result<(), SiteError> {
        let site = &template.site;
        let (engine, texts) = (sql.engine(), [site.url.host(), dataroot.as_str()]);
        let plugins = database::quoted(engine, &format!("{}config_plugins", site.prefix));
        let (emptying, places, tasks) = match engine {
            Engine::Postgresql => {
                (emptying(&site.prefix, rules), places(&site.prefix, &texts), text(&tasks.to_string()))
            }
            Engine::Mariadb => (
                identity::mariadb::emptying(&site.prefix, rules),
                identity::mariadb::places(&site.prefix, &texts),
                mariadb::literal(&tasks.to_string()),
            ),
        };
        let note = format!(
            "delete from {plugins} where plugin = 'provost' and name in ('{TASKS}', '{PLACES}');
             insert into {plugins} (plugin, name, value) values ('provost', '{TASKS}', {tasks})"
        );
        for statement in [emptying, note, places] {
            sql.run(statement).await?;
        }
        // MariaDB copies rows, not pages: what was emptied costs nothing there.
        if engine == Engine::Postgresql {
            // As the owner of its tables: a superuser would rewrite the shared catalogs as well, and whoever logs in to any database of the
            // server would wait for whoever reads them, such as a dump, to end.
            sql.run(format!("set role {}", quoted(&site.database_name))).await?;
            sql.run("vacuum (full, freeze, analyze)".to_owned()).await?;
            sql.run("reset role".to_owned()).await?;
        }
        Ok(())
    }
}

/// Finds the columns that hold one of some texts, and notes them under the plugin `provost`.
fn places(prefix: &str, texts: &[&str]) -> String {
    let plugins = quoted(&format!("{prefix}config_plugins"));
    let holds = held(texts).replace('%', "%%").replace("{column}", "%2$I");
    format!(
        "do {PROVOST} declare one record; hit boolean; places jsonb := '[]'; begin
           for one in select table_name::text as t, column_name::text as c from information_schema.columns
             where table_schema = 'public' and data_type in ('text', 'character varying') and starts_with(table_name, {prefix})
             order by 1, 2
           loop
             execute format({query}, one.t, one.c) into hit;
             if hit then places := places || jsonb_build_array(jsonb_build_array(one.t, one.c)); end if;
           end loop;
           insert into {plugins} (plugin, name, value) values ('provost', '{PLACES}', places::text);
         end {PROVOST}",
        prefix = text(prefix),
        query = text(&format!("select exists (select from %1$I where {holds})")),
    )
}

/// Closes a database to everybody. It is taken from its role, so that what its role owns can be given away in a copy without giving away
/// the original: `REASSIGN OWNED` is about whole databases too.
async fn shut(sql: &mut PgConnection, database: &str) -> Result<(), sqlx::Error> {
    let name = quoted(database);
    let statements = [
        format!("alter role {name} nologin"),
        format!("alter database {name} allow_connections false"),
        format!("alter database {name} owner to current_user"),
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = {}", text(database)),
    ];
    for statement in statements {
        sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    }
    Ok(())
}
