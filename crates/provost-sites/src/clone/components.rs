//! What Moodle remembers of the plugins and classes of a build: made once, and put into each clone.
//!
//! A new site looks for every plugin and every class of its tree when it is first asked for anything, a tenth of a second of its first
//! page. The answer is about the build alone. It is no copy of anybody's cache: PHP is asked without a site, as core's script
//! `alternative_component_cache.php` does, and core compares it with the code before it believes it.

use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::{Output, Program};
use provost_fleet::name::Name;

use super::told::Told;
use crate::accounts::User;
use crate::agent::{self, CLI_SETTINGS};
use crate::php::Php;
use crate::site::SiteError;

/// Longest that a search of a tree may take; it takes half a second.
const SEARCH: Duration = Duration::from_mins(1);

/// The most that is taken of it, in bytes: for Moodle 5.0 it is one MiB.
const MOST: usize = 16 << 20;

const TOLD: Told = Told { prefix: "components-", suffix: ".php", mode: 0o400 };

/// Puts it into the dataroot of a clone. Where it cannot be had the site searches for itself, as every site does that is installed.
pub(super) async fn seed(
    cx: &Context,
    (template, tree): (&Name, &str),
    root: &Utf8Path,
    user: &User,
) -> Result<(), SiteError> {
    let Some(text) = known(cx, template, tree, user).await? else { return Ok(()) };
    let cache = root.join("cache");
    files::directory(&cache, 0o2770, &user.account).map_err(SiteError::io("make", &cache))?;
    let path = cache.join("core_component.php");
    files::write_whole(&path, &text, 0o660, &user.account).map_err(SiteError::io("write", &path))
}

/// What is known of a build; it is kept with the template, and goes with it.
async fn known(cx: &Context, template: &Name, tree: &str, user: &User) -> Result<Option<Vec<u8>>, SiteError> {
    let directory = cx.paths.site(template);
    if let Ok(found) = std::fs::read(TOLD.path(&directory, tree)) {
        return Ok(Some(found));
    }
    let Some(made) = search(cx, tree, user).await? else { return Ok(None) };
    TOLD.keep(&directory, tree, &made)?;
    Ok(Some(made))
}

/// Asks PHP, as the site's own user: plugins say in PHP which of their classes have other names by now.
async fn search(cx: &Context, tree: &str, user: &User) -> Result<Option<Vec<u8>>, SiteError> {
    let php = Php::find(&cx.machine).ok_or(SiteError::NoPhp)?;
    let ours = agent::unpack(&cx.paths).map_err(SiteError::io("unpack", cx.paths.agents()))?;
    let program = Program::new(&php.cli)
        .args(CLI_SETTINGS)
        .arg(ours.join("components.php"))
        .arg(cx.paths.build(tree))
        .account(user.account.clone())
        .deadline(SEARCH)
        .capture(MOST);
    let output = match cx.run(program).await.and_then(Output::ok) {
        Ok(output) => output,
        Err(error) => {
            cx.note(format!(
                "what is in the build {} is searched for by each site: {error}",
                tree.get(..12).unwrap_or(tree)
            ));
            return Ok(None);
        }
    };
    let whole = output.stdout.starts_with(b"<?php") && output.stdout.len() < MOST;
    Ok(whole.then_some(output.stdout))
}
