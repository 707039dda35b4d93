//! `provost settings diff --declared`: sites against what the fleet file says of each.

use std::collections::{BTreeMap, BTreeSet};

use provost_admin::declared::{Alike, Has, alike, departures};
use provost_fleet::secret::{Secret, SecretRef};
use provost_fleet::setting::{SettingKey, Settings, Wish};
use provost_sites::settings::Read;
use serde::Serialize;

use super::{Pattern, read_all};
use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Cause, Target};
use crate::session::{Access, Call, Session};
use crate::site::Targets;

/// Where sites are not as the fleet file declares them.
#[derive(Debug, Serialize)]
pub struct Departed {
    /// Version of this form.
    pub schema: u32,
    /// How many settings are declared for the sites that were read, each once for each site.
    pub declared: usize,
    /// Sites that depart in one way together; those that do not come first.
    pub classes: Vec<Alike>,
    /// Sites for which nothing is declared.
    pub without: Vec<String>,
    /// Sites that could not be read, and secrets that could not be had, by cause.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Compares sites with what the fleet file declares for them, in the settings that patterns mean; without patterns, in all.
///
/// # Errors
/// When no sites are meant. What goes wrong at a site is told with it.
pub async fn declared(call: &Call, patterns: &[Pattern], targets: &Targets) -> Result<Departed, OpsError> {
    let (read, mut causes, fleet) = read_all(call, targets).await?;
    let mut exit = fanout::exit(call.cancel.is_cancelled(), &read);
    let means = |key: &SettingKey| {
        patterns.is_empty() || patterns.iter().any(|pattern| pattern.means(key.component(), key.name()))
    };
    let of = |target: &Target<Read>| -> Settings {
        let site = fleet.sites.iter().find(|(name, _)| name.as_str() == target.site);
        let all = site.map(|(_, site)| &site.settings).into_iter().flatten();
        all.filter(|(key, _)| means(key)).map(|(key, declared)| (key.clone(), declared.clone())).collect()
    };
    let wanted: Vec<(&Target<Read>, Settings)> = read.iter().map(|target| (target, of(target))).collect();
    let (secrets, unknown) = secrets(call, &wanted).await?;
    if !unknown.is_empty() {
        exit = if exit == Exit::Done { Exit::Targets } else { exit };
        causes.extend(unknown);
    }
    let secret = |reference: &SecretRef| {
        secrets.iter().find(|(known, _)| known == reference).map(|(_, secret)| secret)
    };
    let mut compared = Vec::new();
    let (mut count, mut without) = (0, Vec::new());
    for (target, settings) in &wanted {
        let Some(read) = &target.done else { continue };
        if settings.is_empty() {
            without.push(target.site.clone());
            continue;
        }
        count += settings.len();
        let stored: BTreeMap<String, String> = read
            .rows
            .iter()
            .filter(|(plugin, name, _)| {
                format!("{plugin}/{name}").parse().is_ok_and(|key| settings.contains_key(&key))
            })
            .map(|(plugin, name, value)| (format!("{plugin}/{name}"), value.clone()))
            .collect();
        let has = Has { stored: &stored, sown: &sown(read), forced: read.forced_is_written };
        compared.push((target.site.clone(), departures(settings, has, secret)));
    }
    Ok(Departed { schema: 1, declared: count, classes: alike(compared), without, causes, exit })
}

fn sown(read: &Read) -> BTreeSet<&str> {
    let marks = read.rows.iter().filter(|(plugin, name, _)| plugin == "provost" && name == "seeded");
    marks.flat_map(|(_, _, value)| value.split(',')).collect()
}

/// The secrets that are declared, each fetched once; and which could not be had.
async fn secrets(
    call: &Call,
    wanted: &[(&Target<Read>, Settings)],
) -> Result<(Vec<(SecretRef, Secret)>, Vec<Cause>), OpsError> {
    let (mut known, mut unknown): (Vec<(SecretRef, Secret)>, Vec<Cause>) = (Vec::new(), Vec::new());
    let mut tried: Vec<&SecretRef> = Vec::new();
    let session = Session::open(call, Access::LookAtRest)?;
    for (target, settings) in wanted {
        for (key, declared) in settings {
            let Wish::Secret(reference) = &declared.wish else { continue };
            if tried.contains(&reference) {
                continue;
            }
            tried.push(reference);
            match session.references().resolve(&session.cx, reference).await {
                Ok(secret) => known.push((reference.clone(), secret)),
                Err(error) => unknown.push(Cause {
                    error: format!("`{key}` is not compared: {error}"),
                    hint: None,
                    sites: vec![target.site.clone()],
                }),
            }
        }
    }
    session.close().await;
    Ok((known, unknown))
}
