//! The commented fleet file that `provost init` writes.

use camino::Utf8PathBuf;

use crate::name::Name;

/// What goes into it.
#[derive(Debug, Clone)]
pub struct StarterOptions {
    /// The fleet's name.
    pub name: Name,
    /// Where the fleet keeps its things.
    pub state: Option<Utf8PathBuf>,
    /// Where Moodle comes from.
    pub moodle_git: String,
    /// Which Moodle.
    pub moodle: String,
    /// Plugins, each as `COMPONENT=GIT` or `COMPONENT=GIT#BRANCH`.
    pub plugins: Vec<String>,
    /// Names and URLs of sites; without any, one example is written.
    pub sites: Vec<(Name, String)>,
    /// Where nginx listens.
    pub listen: String,
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Writes the file's text.
pub fn starter(options: &StarterOptions) -> String {
    let port = options.listen.rsplit(':').next().unwrap_or("8080");
    let state = match &options.state {
        Some(state) => format!("state = {}", quoted(state.as_str())),
        None => "# state = \"/var/lib/provost/NAME\"".to_owned(),
    };
    let mut text = format!(
        "\
# A fleet of Moodle sites. `provost check` validates this file, `provost plan` shows what would happen,
# `provost apply` makes it so, `provost up` serves it. Keep it in git, with the fleet.lock beside it.

[fleet]
name = {name}
# Where Moodle comes from: any git URL or absolute path. A codebase may name a fork with `git`.
moodle_git = {git}
# Everything of the fleet lies here: databases, files, builds, generated passwords.
{state}

[web]
listen = {listen}
# tls = \"upstream\"        # a proxy in front ends TLS; or {{ certificate = \"/…\", key = \"/…\" }}

# The server that sites live on. Provost runs a private PostgreSQL for this fleet; an existing one:
#   host = \"db1\"
#   admin = {{ user = \"provost\", password = {{ env = \"DB_PASSWORD\" }} }}
[database.main]
managed = true

# A Moodle and its plugins. Versions: \"4.5\" newest tag of 4.5 · \"4.5+\" tip of its stable branch · \"4.5.1\" ·
# a tag · a branch · a commit.
[codebase.main]
moodle = {moodle}

[codebase.main.plugins]
",
        name = quoted(options.name.as_str()),
        git = quoted(&options.moodle_git),
        listen = quoted(&options.listen),
        moodle = quoted(&options.moodle),
    );
    for plugin in &options.plugins {
        text.push_str(&plugin_line(plugin));
    }
    if options.plugins.is_empty() {
        text.push_str("# mod_attendance = { git = \"https://github.com/danmarsden/moodle-mod_attendance.git\", branch = \"MOODLE_500_STABLE\" }\n");
    }
    text.push_str(
        "\n# One table per site. The admin's password is generated and kept in the state directory.\n",
    );
    for (name, url) in &options.sites {
        text.push_str(&format!("[site.{name}]\nurl = {}\n\n", quoted(url)));
    }
    if options.sites.is_empty() {
        text.push_str(&format!(
            "[site.first]\nurl = {}\n",
            quoted(&format!("http://first.localhost:{port}"))
        ));
    }
    text.trim_end().to_owned() + "\n"
}

fn plugin_line(plugin: &str) -> String {
    let (component, source) = plugin.split_once('=').unwrap_or((plugin, ""));
    match source.split_once('#') {
        Some((git, branch)) => {
            format!("{component} = {{ git = {}, branch = {} }}\n", quoted(git), quoted(branch))
        }
        None => format!("{component} = {{ git = {} }}\n", quoted(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> StarterOptions {
        StarterOptions {
            name: "academie".parse().unwrap(),
            state: Some("/srv/academie".into()),
            moodle_git: "https://example.org/moodle.git".to_owned(),
            moodle: "5.0+".to_owned(),
            plugins: vec!["mod_attendance=https://example.org/a.git#MOODLE_500_STABLE".to_owned()],
            sites: vec![("hugo".parse().unwrap(), "http://hugo.localhost:8080".to_owned())],
            listen: "127.0.0.1:8080".to_owned(),
        }
    }

    #[test]
    fn the_starter_is_valid_and_nothing_about_it_is_odd() {
        for options in
            [options(), StarterOptions { plugins: vec![], sites: vec![], state: None, ..options() }]
        {
            let loaded = crate::load("fleet.toml", &starter(&options)).unwrap();
            assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
            assert_eq!(loaded.fleet.sites.len(), 1);
        }
    }
}
