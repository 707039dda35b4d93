//! The plugins that come with a Moodle: their types and their versions.

use std::collections::BTreeMap;

use provost_moodle::component::Component;
use provost_moodle::version_php::PluginVersion;

use super::ResolveCause;
use super::moodle::Moodle;
use crate::git::Git;
use crate::object::ObjectId;

const VERSION: &str = "/version.php";
const SUBPLUGINS: &str = "/db/subplugins.json";

/// Reads the types that plugins inside this Moodle bring, such as `assignsubmission` or `logstore`, and the version of every
/// plugin inside it. One reader, some 500 small files: a twentieth of a second.
pub(super) async fn read(git: &Git, moodle: &mut Moodle) -> Result<(), ResolveCause> {
    let listing = git.list(&moodle.source, moodle.commit).await?;
    let ending = |end: &'static str| {
        listing.iter().filter_map(move |entry| {
            let path = std::str::from_utf8(entry.path).ok()?.strip_suffix(end)?;
            Some((path.to_owned(), entry.id))
        })
    };
    let subplugins: Vec<(String, ObjectId)> = ending(SUBPLUGINS).collect();
    let kinds = kinds(moodle);
    for (path, blob) in subplugins {
        // Fixtures of tests look like plugins too, but lie in no type's directory.
        let Some(component) = component(&kinds, &path) else { continue };
        let Some(json) = moodle.objects.blob(blob).await? else { continue };
        moodle.types.add_subplugins(&component, &json).map_err(|error| ResolveCause::Components {
            repository: moodle.source.to_string(),
            file: format!("{path}{SUBPLUGINS}"),
            error: Box::new(error),
        })?;
    }
    let kinds = self::kinds(moodle);
    let versions: Vec<(String, ObjectId)> = ending(VERSION).collect();
    for (path, blob) in versions {
        let Some(component) = component(&kinds, &path) else { continue };
        let Some(file) = moodle.objects.blob(blob).await? else { continue };
        // One that cannot be read is one that nothing can depend on.
        if let Ok(version) = PluginVersion::read(&file) {
            moodle.facts.plugins.insert(component.clone(), version.version.clone());
            moodle.shipped.insert(component, version);
        }
    }
    Ok(())
}

/// The plugin types by the directory that their plugins lie in.
fn kinds(moodle: &Moodle) -> BTreeMap<String, String> {
    let each = moodle.types.iter();
    each.map(|(kind, directory)| (moodle.layout.plugin_path(directory), kind.to_owned())).collect()
}

fn component(kinds: &BTreeMap<String, String>, path: &str) -> Option<Component> {
    let (above, name) = path.rsplit_once('/')?;
    Component::new(kinds.get(above)?, name).ok()
}
