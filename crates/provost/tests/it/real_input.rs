//! Every real Moodle at hand, with the real plugins that have a branch for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::environment::TestEnv;
use crate::http::Browser;
use crate::moodle::{Moodle, Plugin};

/// Where a plugin of one of the types of the tests lies in a Moodle older than 5.1.
fn place(component: &str) -> Option<PathBuf> {
    let (kind, name) = component.split_once('_')?;
    let above = match kind {
        "mod" | "theme" | "auth" => kind,
        "tool" => "admin/tool",
        _ => return None,
    };
    Some(Path::new(above).join(name))
}

#[test]
fn every_moodle_at_hand_with_its_plugins() {
    let moodles = Moodle::all();
    if moodles.is_empty() {
        println!("skipped: no Moodle can be had here, and the stand-in has no plugins to log in to");
        return;
    }
    let env = TestEnv::new();
    let mut fleet = format!(
        "[fleet]\nname = \"test\"\nstate = \"{}\"\n\n[web]\nlisten = \"127.0.0.1:{}\"\n\n[database.main]\nmanaged = true\n",
        env.state().display(),
        env.port
    );
    let mut wanted: Vec<(String, Vec<Plugin>)> = Vec::new();
    for (number, (version, moodle)) in moodles.iter().enumerate() {
        // Each one costs the install a few seconds; a few of each type are enough to see that they are put right.
        let mut left: BTreeMap<&str, usize> = ["mod", "theme", "auth", "tool"].map(|kind| (kind, 2)).into();
        let plugins = moodle.plugins().into_iter().filter(|plugin| {
            let kind = plugin.component.split('_').next().unwrap_or_default();
            left.get_mut(kind).is_some_and(|left| left.checked_sub(1).map(|less| *left = less).is_some())
        });
        let plugins: Vec<Plugin> = plugins.collect();
        let names: Vec<&str> = plugins.iter().map(|plugin| plugin.component.as_str()).collect();
        println!("on Moodle {version} with {names:?}");
        let (name, url) = (format!("m{number}"), env.url(&format!("m{number}")));
        writeln!(fleet, "\n[codebase.{name}]\nmoodle = \"{}\"", moodle.reference).unwrap();
        writeln!(fleet, "git = \"{}\"\n\n[codebase.{name}.plugins]", moodle.git(&env)).unwrap();
        for Plugin { component, git, branch } in &plugins {
            writeln!(fleet, "{component} = {{ git = \"{}\", branch = \"{branch}\" }}", git.display())
                .unwrap();
        }
        writeln!(fleet, "\n[site.{name}]\nurl = \"{url}\"\ncodebase = \"{name}\"").unwrap();
        wanted.push((name, plugins));
    }
    env.write_fleet(&fleet);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
    let _up = env.up();
    for (name, plugins) in wanted {
        let mut browser = Browser::new(env.port, &format!("{name}.localhost"));
        assert!(browser.login(&env.secret(&format!("site-{name}-admin")).unwrap()), "{name}");
        // Moodle's own page of all plugins: an installation that is not finished would send us away from it.
        let page = browser.get("/admin/plugins.php");
        assert_eq!(page.status, 200, "{name}: {:?}", page.location);
        for Plugin { component, .. } in plugins {
            let directory = place(&component).unwrap();
            let code = env.state().join(format!("made/sites/{name}/code"));
            assert!(code.join(directory).join("version.php").exists(), "{component} of {name}");
            assert!(page.body.contains(&component), "{name} does not list {component}");
        }
    }
}
