//! `provost site rename`: another name, another URL, or both.

use provost_engine::execute::Outcome;
use provost_engine::plan::Subject;
use provost_fleet::edit::Edit;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use provost_sites::kind_site;
use serde::Serialize;

use super::chosen::{Targets, known};
use super::edited::{Change, Done, EditOptions, edit_and_apply, freed};
use super::switch::of_site;
use super::whole;
use crate::OpsError;
use crate::apply::{Allowed, Applied};
use crate::session::Call;

/// What a site is to be.
#[derive(Debug, Clone)]
pub struct Rename {
    /// What it is called.
    pub site: Name,
    /// What it shall be called, if that is something else.
    pub to: Option<Name>,
    /// Its URL, if that is to be another one.
    pub url: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Renamed {
    /// Version of this form.
    pub schema: u32,
    /// What the site was called.
    pub was: String,
    /// What it is called.
    pub site: String,
    /// Its URL.
    pub url: String,
    /// What was seen of it last; absent where nothing was done.
    pub effect: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

/// Renames a site in the file, and applies that. Done again after it was interrupted, it goes on where it was.
///
/// # Errors
/// When there is no such site, when the new name is another site's, and when the file would not be valid.
pub async fn rename(call: &Call, rename: &Rename, options: &EditOptions) -> Result<Renamed, OpsError> {
    let (from, to) = (&rename.site, rename.to.as_ref().unwrap_or(&rename.site));
    let change = Change {
        // What it had under its former name, keys in Redis among it, goes in the same breath.
        sites: [to.clone(), from.clone()].into(),
        message: match (from == to, &rename.url) {
            (true, Some(url)) => format!("Site {from} moves to {url}"),
            _ => format!("Site {from} is called {to}"),
        },
        allowed: Allowed::default(),
        options,
    };
    let mut url = rename.url.clone();
    // Under its former name it is looked at before anything is edited; under the new one a rename was begun, and goes on.
    let there: Vec<Name> =
        call.load()?.fleet.sites.contains_key(from).then(|| from.clone()).into_iter().collect();
    whole::see(call, &there, options).await?;
    let done = edit_and_apply(call, &change, |fleet| {
        if url.is_none() {
            let site = fleet.sites.get(from).or_else(|| fleet.sites.get(to));
            url = site.map(|site| site.url.to_string());
        }
        edits(call, fleet, rename)
    });
    let done = done.await?;
    let (last, error) = done.applied.as_ref().map_or((None, None), |applied| of_site(applied, to));
    let effect = done.applied.as_ref().and_then(|applied| of_step(applied, to)).or(last);
    let hint = done.applied.as_ref().filter(|_| error.is_some()).and_then(|applied| {
        let of = |step: &str| step.split('/').nth(1) == Some(to.as_str());
        let told = applied.hints.iter().find(|(step, _)| of(step)).map(|(_, hint)| hint.clone());
        let blocked = applied.planned.plan.blocked.iter().find(|one| one.subject.name == *to);
        told.or_else(|| blocked.and_then(|one| one.hint.clone()))
    });
    let (was, site, url) = (from.to_string(), to.to_string(), url.unwrap_or_default());
    Ok(Renamed { schema: 1, was, site, url, effect, error, hint, done })
}

/// What the step that renamed the site has seen: what comes after it only lets visitors in.
fn of_step(applied: &Applied, site: &Name) -> Option<String> {
    let step = Subject::new(kind_site::NAME, site).step(kind_site::RENAME);
    let mut steps = applied.report.iter().flat_map(|report| &report.steps);
    steps.find_map(|(id, outcome)| match outcome {
        Outcome::Done { effect, .. } if *id == step => Some(effect.clone()),
        _ => None,
    })
}

fn edits(call: &Call, fleet: &Fleet, rename: &Rename) -> Result<Vec<Edit>, OpsError> {
    let (from, to) = (&rename.site, rename.to.as_ref().unwrap_or(&rename.site));
    let mut edits = Vec::new();
    let renamed = fleet.sites.get(to).is_some_and(|site| site.was.as_ref() == Some(from));
    // Edited already, by a run that was ended before it was applied.
    let edited = renamed && !fleet.sites.contains_key(from);
    if from != to && !edited {
        known(fleet, &Targets { names: vec![from.to_string()], selection: None })?;
        if fleet.sites.contains_key(to) {
            return Err(OpsError::Taken { what: "site", name: to.to_string() });
        }
        // What it was called is what is there, until that is applied.
        let made = call.environment.paths(fleet).site(from).exists();
        edits.extend(freed(call, fleet, |was| was == to));
        let earlier = fleet.sites.get(from).and_then(|site| site.was.as_ref()).filter(|_| !made);
        let was = earlier.unwrap_or(from);
        edits.push(Edit::copy(&["site", from.as_str()], &["site", to.as_str()]));
        edits.push(Edit::remove(&["site", from.as_str()]));
        edits.push(match was == to {
            true => Edit::remove(&["site", to.as_str(), "was"]),
            false => Edit::set(&["site", to.as_str(), "was"], was.as_str()),
        });
        edits.extend(of_archives(fleet, from, to));
    } else if from == to {
        known(fleet, &Targets { names: vec![from.to_string()], selection: None })?;
    }
    if let Some(url) = &rename.url {
        edits.push(Edit::set(&["site", to.as_str(), "url"], url.as_str()));
    }
    Ok(edits)
}

/// Sessions that name the site go on naming it.
fn of_archives(fleet: &Fleet, from: &Name, to: &Name) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (archive, keys) in fleet.archives_of(from) {
        for key in keys {
            let end = fleet.archives.get(archive).map(|declared| match key {
                "from" => &declared.from,
                _ => &declared.to,
            });
            let elsewhere = end.is_some_and(|end| end.host.is_some());
            let path = ["archive", archive.as_str(), key, "site"];
            let deep = if elsewhere { path.len() } else { path.len() - 1 };
            edits.push(Edit::set(&path[..deep], to.as_str()));
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"[fleet]
name = "x"
[codebase.lts]
moodle = "4.5+"
[site.hugo]
url = "http://hugo.localhost:8080"
[site.zola]
url = "http://zola.localhost:8080"
# Every summer.
[archive.yearly]
from = "hugo" # the live site
to = { site = "zola", host = "archive1" }
select = [{ category = "/" }]
transport = "ssh"
"#;

    fn renamed(from: &str, to: &str) -> String {
        let fleet = provost_fleet::load("fleet.toml", FILE).unwrap().fleet;
        let mut edits = vec![Edit::copy(&["site", from], &["site", to]), Edit::remove(&["site", from])];
        edits.extend(of_archives(&fleet, &from.parse().unwrap(), &to.parse().unwrap()));
        provost_fleet::edit::apply_edits("fleet.toml", FILE, &edits).unwrap()
    }

    #[test]
    fn sessions_go_on_naming_the_site() {
        assert!(
            renamed("hugo", "victor").contains("from = \"victor\" # the live site\nto = { site = \"zola\"")
        );
        assert!(renamed("zola", "emile").contains("to = { site = \"emile\", host = \"archive1\" }"));
    }
}
