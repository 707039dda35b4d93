//! `provost plugins diff`: which sites have equal plugins, and where the others differ.

mod uninstall;

pub use uninstall::{CodeGone, UninstallError, UninstallOptions, Uninstalled, uninstall};

use std::collections::BTreeMap;

use provost_admin::compare::{Compared, Key, Pool, SiteValues, Value, compare};
use provost_admin::errand::PLUGINS_LIST;
use provost_sites::sql::Rows;
use serde::Serialize;
use serde_json::json;

use crate::OpsError;
use crate::errands::{self, ErrandOptions};
use crate::error::Exit;
use crate::fanout::Cause;
use crate::session::Call;
use crate::settings::{base, with_reference};
use crate::site::Targets;

/// Columns of a plugin that are compared. Where it comes from and its release follow from the version.
const COMPARED: [&str; 3] = ["version", "enabled", "state"];

/// Where the plugins of sites differ.
#[derive(Debug, Serialize)]
pub struct PluginsDiff {
    /// Version of this form.
    pub schema: u32,
    /// What was compared.
    #[serde(flatten)]
    pub compared: Compared,
    /// Sites that could not be asked, by cause.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// What is compared.
#[derive(Debug, Clone, Default)]
pub struct DiffOptions {
    /// Only plugins with this in their name.
    pub plugin: Option<String>,
    /// Only those that Moodle does not bring.
    pub additional: bool,
    /// The site that the others are compared with.
    pub against: Option<String>,
    /// The sites; all where nothing is said.
    pub targets: Targets,
}

/// Compares the plugins of sites, as the sites themselves see them.
///
/// # Errors
/// When no sites are meant, or `against` is none of them. What goes wrong at a site is told with it.
pub async fn diff(call: &Call, options: &DiffOptions) -> Result<PluginsDiff, OpsError> {
    let errand = PLUGINS_LIST.with(json!({ "plugin": options.plugin, "additional": options.additional }));
    let targets = with_reference(&options.targets, options.against.as_deref());
    let asked = ErrandOptions { targets, ..ErrandOptions::default() };
    let report = errands::run(call, &errand, &asked, async |_| true).await?;
    let mut pool = Pool::default();
    let read = report.sites.into_iter().filter_map(|target| Some((target.site, target.done?.rows)));
    let sites: Vec<SiteValues> = read.map(|(site, rows)| values(site, &rows, &mut pool)).collect();
    let base = base(&sites, options.against.as_deref())?;
    let compared = compare(&sites, &base, |_| true, |_| false);
    Ok(PluginsDiff { schema: 1, compared, causes: report.causes, exit: report.exit })
}

fn values(site: String, rows: &Rows, pool: &mut Pool) -> SiteValues {
    let mut values = BTreeMap::new();
    for row in &rows.rows {
        let Some(Some(plugin)) = row.first() else { continue };
        for (column, value) in rows.columns.iter().zip(row) {
            if let Some(value) = value.as_ref().filter(|_| COMPARED.contains(&column.as_str())) {
                let key = Key { of: pool.keep(plugin), name: pool.keep(column) };
                values.insert(key, Value::Set(pool.keep(value)));
            }
        }
    }
    SiteValues { site, values, left_out: 0 }
}
