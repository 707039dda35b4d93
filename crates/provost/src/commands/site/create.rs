//! `provost site create`.

use camino::Utf8PathBuf;
use provost_fleet::name::Name;
use provost_ops::session::Call;
use provost_ops::site::create::{self, Source};

use super::Editing;
use crate::commands::Ended;
use crate::ui::{Ui, sites};

/// Declare sites in the fleet file, and make them
///
/// One by name, or all of a list: a CSV file whose first line names its columns (`name,url,codebase,template,tags,…`, as the keys
/// of [site.NAME]), or VMoodle's `nodelist.csv`. What is given beside a list is for those of its lines that say nothing of it.
/// Every fault of a list is told at once, and nothing is changed then. Done again after it was interrupted, it goes on where it was.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["name", "from"]))]
pub(crate) struct Arguments {
    /// The new site's name.
    #[arg(value_name = "NAME", requires = "url")]
    name: Option<Name>,
    /// Its URL.
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    url: Option<String>,
    /// The codebase it runs on; not needed where there is one.
    #[arg(long, value_name = "CODEBASE")]
    codebase: Option<String>,
    /// The template it is cloned from.
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
    /// The server its database lives on; not needed where there is one.
    #[arg(long, value_name = "SERVER")]
    database: Option<String>,
    /// A word to find it by; may be given again.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Moodle's name of the site.
    #[arg(long, value_name = "TEXT", conflicts_with = "from")]
    full_name: Option<String>,
    /// Moodle's short name of the site.
    #[arg(long, value_name = "TEXT", conflicts_with = "from")]
    short_name: Option<String>,
    /// The language it is installed in, such as `fr`.
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Address of its administrator.
    #[arg(long, value_name = "ADDRESS")]
    admin_email: Option<String>,
    /// A list of sites.
    #[arg(long, value_name = "FILE")]
    from: Option<Utf8PathBuf>,
    #[command(flatten)]
    editing: Editing,
    /// How many steps to do at once; by default one per processor core.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
}

pub(crate) async fn run(mut call: Call, ui: &Ui, arguments: Arguments) -> Ended {
    call.jobs = arguments.jobs.map(usize::from);
    let options = (&arguments.editing).into();
    let created = create::create(&call, &source(arguments), &options).await?;
    ui.finish();
    if !ui.json(&created) {
        ui.out(&sites::created(&created));
    }
    Ok(created.exit())
}

fn source(arguments: Arguments) -> Source {
    let texts = [
        ("url", arguments.url),
        ("codebase", arguments.codebase),
        ("template", arguments.template),
        ("database", arguments.database),
        ("full_name", arguments.full_name),
        ("short_name", arguments.short_name),
        ("language", arguments.language),
    ];
    let texts = texts.into_iter().filter_map(|(key, value)| Some((key, toml::Value::from(value?))));
    let tags = (!arguments.tags.is_empty()).then(|| ("tags", toml::Value::from(arguments.tags)));
    let admin = arguments.admin_email.map(|email| {
        let table: toml::Table = [("email".to_owned(), email.into())].into_iter().collect();
        ("admin", toml::Value::from(table))
    });
    let keys = texts.chain(tags).chain(admin).map(|(key, value)| (key.to_owned(), value)).collect();
    match (arguments.name, arguments.from) {
        (Some(name), _) => Source::One { name, keys },
        // clap has seen to it that one of them is there.
        (None, list) => Source::List { path: list.unwrap_or_default(), keys },
    }
}
