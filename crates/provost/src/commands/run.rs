//! `provost run`.

use provost_ops::error::Exit;
use provost_ops::own::{self, Question, Ran};
use provost_ops::session::Call;

use super::errands::{Destroying, How};
use super::{Ended, cli, sql};
use crate::ui::{self, Ui};

/// Run a command of the fleet's own: a file of SQL or PHP in `commands/` beside the fleet file
///
/// Without a NAME, all commands are listed; `provost run NAME --help` says what one takes. docs/commands.md says how they are written.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// Its name: that of the file, without `.sql` or `.php`.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// A value for a parameter.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,
    #[command(flatten)]
    how: Destroying,
    /// Say what the command does, and what it takes.
    #[arg(short, long)]
    help: bool,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    let Some(name) = arguments.name.filter(|name| !name.is_empty()) else { return list(call, ui) };
    if arguments.help {
        let own = own::find(call, &name)?;
        if !ui.json(&own) {
            ui.out(&ui::own::help(&own));
        }
        return Ok(Exit::Done);
    }
    let how = How::from(arguments.how);
    ui.stream(how.stream());
    let ask = async |question: Question<'_>| match question {
        Question::Script(own) => {
            how.yes() || ui.ask(own.header.confirm.as_deref().unwrap_or("Run it?"), &call.cancel).await
        }
        Question::Rows(own, written) => {
            sql::agreed_to(call, ui, written, how.yes(), own.header.confirm.as_deref()).await
        }
    };
    match own::run(call, &name, &arguments.values, how.options(), ask).await? {
        Ran::Asked(asked) => {
            sql::show(ui, &asked, how.csv());
            Ok(asked.exit)
        }
        Ran::Written(written) => {
            sql::changed(ui, &written);
            Ok(written.exit)
        }
        Ran::Script(report) => {
            cli::show(ui, &report, how.csv());
            Ok(report.exit)
        }
        Ran::CannotShow => {
            ui.line("it writes, and what a script of PHP would do cannot be shown before: nothing was done");
            Ok(Exit::Refused)
        }
        Ran::Refused => {
            ui.line("nothing was done; `--yes` answers where nobody can be asked");
            Ok(Exit::Refused)
        }
    }
}

fn list(call: &Call, ui: &Ui) -> Ended {
    let all = own::list(call)?;
    if !ui.json(&all) {
        ui.out(&ui::own::list(&all));
        for fault in &all.faults {
            ui.line(&format!("✗ {fault}"));
        }
    }
    Ok(Exit::Done)
}
