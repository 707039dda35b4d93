//! `provost files …`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_admin::errand::{FILES_DELETE, FILES_LIST, FILES_PUT};
use provost_ops::copying::{self, Area};
use provost_ops::error::Exit;
use provost_ops::session::Call;
use serde_json::json;

use super::Ended;
use super::errands::{self, Changing, Destroying, Looking};
use crate::ui::Ui;

/// Files that plugins keep for a whole site: logos, style sheets, whatever a setting uploads
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Put(Put),
    Delete(Delete),
    Copy(Copy),
}

/// Where files are.
#[derive(Debug, Clone, clap::Args)]
struct Place {
    /// The plugin, or a part of Moodle: `theme_boost`, `core_admin`.
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// Its area: that of a setting has the setting's name, such as `logo`.
    #[arg(value_name = "AREA")]
    area: String,
}

/// Show the files of an area
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    looking: Looking,
}

/// Put a file into an area, in place of the one with that name; a setting that keeps its file there is told
#[derive(Debug, clap::Args)]
struct Put {
    #[command(flatten)]
    place: Place,
    /// The file, on this machine.
    #[arg(value_name = "FILE")]
    from: Utf8PathBuf,
    /// Its path there; the file's own name without.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// The number of the item, where the plugin has several.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    item: i64,
    /// Take all other files of that item away, as a setting with one file does.
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    changing: Changing,
}

/// Delete a file of an area; shows it first, and asks
#[derive(Debug, clap::Args)]
struct Delete {
    #[command(flatten)]
    place: Place,
    /// Its path there.
    #[arg(value_name = "PATH")]
    path: String,
    /// The number of the item, where the plugin has several.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    item: i64,
    #[command(flatten)]
    destroying: Destroying,
}

/// Bring the files of an area of one site to others
#[derive(Debug, clap::Args)]
struct Copy {
    #[command(flatten)]
    place: Place,
    /// The site that has them.
    #[arg(long, value_name = "SITE")]
    from: String,
    /// Take all other files of that item away, where it is one file that is brought.
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    changing: Changing,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => {
            let params = json!({ "component": own.place.plugin, "area": own.place.area });
            errands::run(call, ui, &FILES_LIST.with(params), own.looking).await
        }
        Verb::Put(own) => {
            let path = own.path.or_else(|| own.from.file_name().map(str::to_owned));
            let params = json!({
                "component": own.place.plugin, "area": own.place.area, "item": own.item, "path": path, "alone": own.alone,
            });
            let file = call.environment.directory.join(own.from);
            errands::run(call, ui, &FILES_PUT.with(params).file(file), own.changing).await
        }
        Verb::Delete(own) => {
            let params = json!({
                "component": own.place.plugin, "area": own.place.area, "item": own.item, "path": own.path,
            });
            errands::run(call, ui, &FILES_DELETE.with(params), own.destroying).await
        }
        Verb::Copy(own) => copy(call, ui, own).await,
    }
}

async fn copy(call: &Call, ui: &Ui, own: Copy) -> Ended {
    let area = Area { component: own.place.plugin, area: own.place.area };
    let mut worst = Exit::Done;
    for carried in copying::files(call, &own.from, &area, own.alone).await? {
        let exit = errands::run(call, ui, &carried.errand, own.changing.clone()).await?;
        if exit != Exit::Done {
            worst = exit;
        }
    }
    Ok(worst)
}
