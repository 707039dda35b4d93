//! `provost site restore`: a deleted site comes back from its final copy, disabled as it was when it went.

use provost_engine::lease::Lease;
use provost_fleet::edit::Edit;
use provost_fleet::name::Name;
use provost_sites::site::copy::{self, Kept, Restored};
use serde::Serialize;

use super::delete::DeleteError;
use super::edited::{Change, Done, EditOptions, write};
use crate::OpsError;
use crate::apply::{Allowed, Scope, apply_to};
use crate::edit::FleetFile;
use crate::session::{Access, Call, Session};
use crate::spares;

/// What came of it.
#[derive(Debug, Serialize)]
pub struct BroughtBack {
    /// Version of this form.
    pub schema: u32,
    /// The site.
    pub site: String,
    /// Its URL.
    pub url: String,
    /// The copy that it came from, which stays until its time.
    pub copy: String,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

/// Brings a site back from its newest copy.
///
/// # Errors
/// When the file has the site, when there is no copy, when the file would not be valid with the site, and when anything of it cannot be
/// brought back: then the file is as it was.
pub async fn restore(call: &Call, name: &Name, options: &EditOptions) -> Result<BroughtBack, OpsError> {
    let mut file = FleetFile::open(call).await?;
    let before = file.edit(&[])?;
    if before.fleet.sites.contains_key(name) {
        return Err(OpsError::Taken { what: "site", name: name.to_string() });
    }
    let paths = call.environment.paths(&before.fleet);
    let newest = copy::kept(&paths).into_iter().rfind(|one| one.manifest.site == *name);
    let newest = newest.ok_or_else(|| OpsError::NoSuch {
        what: "copy of a deleted site",
        name: name.to_string(),
        there: "`provost site list --deleted` shows what is kept".to_owned(),
    })?;
    let edited = file.edit(&[table(&newest, name)])?;
    let Some(site) = edited.fleet.sites.get(name) else {
        return Err(OpsError::Changed(call.file.clone()));
    };
    let sites = [name.clone()].into();
    let change =
        Change { sites, message: format!("Site restored: {name}"), allowed: Allowed::default(), options };
    let mut done = if options.dry_run {
        write(call, &change, &mut file, &edited).await?
    } else {
        let session = Session::open(call, Access::Change)?;
        let brought = async {
            let _fleet = spares::fleet_lease(&session.cx).await?;
            let _site = Lease::take(&session.cx, &format!("site/{name}")).await?;
            let (fleet_id, servers) = (&session.fleet_id, &*session.servers);
            let restored = Restored { fleet_id, servers, name, site, copy: &newest };
            let told = |source: provost_sites::site::SiteError| match session.cx.cancel.is_cancelled() {
                true => OpsError::Interrupted,
                false => DeleteError::Restore { site: name.clone(), source }.into(),
            };
            restored.bring_back(&session.cx).await.map_err(told)?;
            // Before anybody else may apply: to him it would be a site that left the file.
            let done = write(call, &change, &mut file, &edited).await?;
            restored.end(&session.cx).await.map_err(told)?;
            Ok::<_, OpsError>(done)
        };
        let brought = brought.await;
        session.close().await;
        brought?
    };
    drop(file);
    if !options.dry_run {
        done.applied = Some(apply_to(call, change.allowed, &Scope::Sites(change.sites.clone())).await?);
    }
    let (url, copy) = (newest.manifest.url, newest.path.to_string());
    Ok(BroughtBack { schema: 1, site: name.to_string(), url, copy, done })
}

/// The site's table as it was, disabled: whoever brings it back looks at it before visitors do.
fn table(kept: &Kept, name: &Name) -> Edit {
    let declared: toml::Table = toml::from_str(&kept.manifest.declared).unwrap_or_default();
    let table =
        declared.get("site").and_then(|sites| sites.get(name.as_str())).and_then(toml::Value::as_table);
    let mut table = table.cloned().unwrap_or_default();
    table.insert("enabled".to_owned(), false.into());
    let path = vec!["site".to_owned(), name.to_string()];
    // The table is put in order by its keys when it is read; the URL goes first, as people write it.
    let mut keys: Vec<(String, toml::Value)> = table.into_iter().collect();
    keys.sort_by_key(|(key, _)| key != "url");
    Edit::Insert { path, keys }
}
