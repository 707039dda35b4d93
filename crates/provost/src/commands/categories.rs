//! `provost categories …`.

use clap::Subcommand;
use provost_admin::errand::{
    CATEGORIES_CREATE, CATEGORIES_DELETE, CATEGORIES_LIST, CATEGORIES_SET, COURSES_DELETE,
};
use provost_ops::session::Call;
use serde_json::{Value, json};

use super::Ended;
use super::errands::{self, Changing, Destroying, Looking};
use crate::ui::Ui;

/// Categories of courses
///
/// A category is a path (`Science / Physics`), `idnumber:PHY`, or `#12`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show categories, and how many courses are in each
    List(Looking),
    Create(Create),
    /// Show a category that is hidden
    Show(One),
    /// Hide a category, with what is in it
    Hide(One),
    Move(Move),
    Rename(Rename),
    /// Delete all courses in a category and below it; shows them first, and asks
    Empty(Gone),
    Delete(Delete),
}

/// Make a category, with those above it that are missing
#[derive(Debug, clap::Args)]
struct Create {
    /// Names with ` / ` between them: `Science / Physics`.
    #[arg(value_name = "PATH")]
    path: String,
    /// Its id number.
    #[arg(long, value_name = "NUMBER")]
    idnumber: Option<String>,
    /// Hide it.
    #[arg(long)]
    hidden: bool,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The category.
    #[arg(value_name = "CATEGORY")]
    category: String,
    #[command(flatten)]
    changing: Changing,
}

/// Move a category below another one
#[derive(Debug, clap::Args)]
struct Move {
    /// The category.
    #[arg(value_name = "CATEGORY")]
    category: String,
    /// The one that it comes below; an empty text is the highest level.
    #[arg(long, value_name = "CATEGORY")]
    to: String,
    #[command(flatten)]
    changing: Changing,
}

/// Give a category another name
#[derive(Debug, clap::Args)]
struct Rename {
    /// The category.
    #[arg(value_name = "CATEGORY")]
    category: String,
    /// Its new name.
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    changing: Changing,
}

#[derive(Debug, clap::Args)]
struct Gone {
    /// The category.
    #[arg(value_name = "CATEGORY")]
    category: String,
    #[command(flatten)]
    destroying: Destroying,
}

/// Delete a category: an empty one, unless it is said what becomes of what is in it
#[derive(Debug, clap::Args)]
struct Delete {
    /// The category.
    #[arg(value_name = "CATEGORY")]
    category: String,
    /// Delete all that is in it, too.
    #[arg(long, conflicts_with = "move_to")]
    with_contents: bool,
    /// Move what is in it into another category first.
    #[arg(long, value_name = "CATEGORY")]
    move_to: Option<String>,
    #[command(flatten)]
    destroying: Destroying,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::List(own) => errands::run(call, ui, &CATEGORIES_LIST.with(json!({})), own).await,
        Verb::Create(own) => {
            let params = json!({ "path": own.path, "idnumber": own.idnumber, "visible": !own.hidden });
            errands::run(call, ui, &CATEGORIES_CREATE.with(params), own.changing).await
        }
        Verb::Show(own) => {
            set(call, ui, json!({ "category": own.category, "visible": true }), own.changing).await
        }
        Verb::Hide(own) => {
            set(call, ui, json!({ "category": own.category, "visible": false }), own.changing).await
        }
        Verb::Move(own) => {
            set(call, ui, json!({ "category": own.category, "parent": own.to }), own.changing).await
        }
        Verb::Rename(own) => {
            set(call, ui, json!({ "category": own.category, "name": own.name }), own.changing).await
        }
        Verb::Empty(own) => {
            let params = json!({ "rule": { "category": own.category } });
            errands::run(call, ui, &COURSES_DELETE.with(params), own.destroying).await
        }
        Verb::Delete(own) => {
            let contents = match (&own.move_to, own.with_contents) {
                (Some(_), _) => "move",
                (None, true) => "delete",
                (None, false) => "refuse",
            };
            let params = json!({ "category": own.category, "contents": contents, "to": own.move_to });
            errands::run(call, ui, &CATEGORIES_DELETE.with(params), own.destroying).await
        }
    }
}

async fn set(call: &Call, ui: &Ui, params: Value, changing: Changing) -> Ended {
    errands::run(call, ui, &CATEGORIES_SET.with(params), changing).await
}
