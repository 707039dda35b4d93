//! One file per verb. Each translates its flags, makes one call, and prints the report.

pub(crate) mod apply;
pub(crate) mod archive;
pub(crate) mod caches;
pub(crate) mod categories;
pub(crate) mod check;
pub(crate) mod checks;
pub(crate) mod cli;
pub(crate) mod codebase;
pub(crate) mod completions;
pub(crate) mod courses;
pub(crate) mod cron;
pub(crate) mod doctor;
mod errands;
pub(crate) mod files;
pub(crate) mod filters;
pub(crate) mod init;
pub(crate) mod journal;
pub(crate) mod languages;
pub(crate) mod mail;
pub(crate) mod php;
pub(crate) mod plan;
pub(crate) mod plugins;
pub(crate) mod replace;
pub(crate) mod retry;
pub(crate) mod roles;
pub(crate) mod run;
mod secret_file;
pub(crate) mod settings;
pub(crate) mod site;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod tables;
pub(crate) mod tasks;
pub(crate) mod template;
pub(crate) mod theme;
pub(crate) mod up;
pub(crate) mod users;

use std::process::ExitCode;
use std::sync::Arc;

use provost_ops::OpsError;
use provost_ops::error::Exit;
use provost_ops::session::Call;
use tokio_util::sync::CancellationToken;

use crate::arguments::{Arguments, Verb};
use crate::ui::{self, Ui};

/// Runs one verb and turns its end into an exit code.
pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let environment = match crate::process_environment::read() {
        Ok(environment) => environment,
        Err(error) => return ui::errors::plain(arguments.global.json, &error),
    };
    let ui = Arc::new(Ui::new(&arguments.global));
    let cancel = CancellationToken::new();
    listen(cancel.clone(), ui.clone());
    let call =
        Call { environment, file: arguments.global.file.clone(), reporter: ui.clone(), cancel, jobs: None };
    let ended = match arguments.verb {
        Verb::Init(own) => init::run(&call, &ui, own),
        Verb::Check(own) => check::run(&call, &ui, &own),
        Verb::Plan(own) => plan::run(&call, &ui, &own).await,
        Verb::Apply(own) => apply::run(call, &ui, &own).await,
        Verb::Status(own) => status::run(&call, &ui, &own).await,
        Verb::Codebase(own) => codebase::run(&call, &ui, own).await,
        Verb::Site(own) => site::run(call, &ui, own).await,
        Verb::Roles(own) => roles::run(&call, &ui, own).await,
        Verb::Settings(own) => settings::run(&call, &ui, own).await,
        Verb::Courses(own) => courses::run(&call, &ui, own).await,
        Verb::Categories(own) => categories::run(&call, &ui, own).await,
        Verb::Plugins(own) => plugins::run(&call, &ui, own).await,
        Verb::Filters(own) => filters::run(&call, &ui, own).await,
        Verb::Tasks(own) => tasks::run(&call, &ui, own).await,
        Verb::Users(own) => users::run(&call, &ui, own).await,
        Verb::Languages(own) => languages::run(&call, &ui, own).await,
        Verb::Files(own) => files::run(&call, &ui, own).await,
        Verb::Tables(own) => tables::run(&call, &ui, own).await,
        Verb::Caches(own) => caches::run(&call, &ui, own).await,
        Verb::Theme(own) => theme::run(&call, &ui, own).await,
        Verb::Mail(own) => mail::run(&call, &ui, own).await,
        Verb::Replace(own) => replace::run(&call, &ui, own).await,
        Verb::Checks(own) => checks::run(&call, &ui, own).await,
        Verb::Cli(own) => cli::run(&call, &ui, own).await,
        Verb::Php(own) => php::run(&call, &ui, own).await,
        Verb::Run(own) => run::run(&call, &ui, own).await,
        Verb::Sql(own) => sql::run(&call, &ui, own).await,
        Verb::Journal(own) => journal::run(&call, &ui, &own),
        Verb::Retry(own) => retry::run(&call, &ui, &own).await,
        Verb::Cron(own) => cron::run(&call, &ui, own).await,
        Verb::Archive(own) => archive::run(call, &ui, own).await,
        Verb::Template(own) => template::run(&call, &ui, own).await,
        Verb::Up(own) => up::run(&call, &ui, &own).await,
        Verb::Doctor(own) => doctor::run(&call, &ui, &own).await,
        Verb::Completions(own) => completions::run(&ui, &own),
    };
    ui.finish();
    let exit = ended.unwrap_or_else(|error| ui::errors::show(&ui, &error));
    ExitCode::from(ui.exit(exit).code())
}

/// What a verb ends with.
pub(crate) type Ended = Result<Exit, OpsError>;

/// Ctrl-C and TERM end the command in order; a second one ends the process at once (what it left is picked up next time).
fn listen(cancel: CancellationToken, ui: Arc<Ui>) {
    use tokio::signal::unix::{SignalKind, signal};
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if cancel.is_cancelled() {
                // Otherwise they would go on at the sites, with nobody to write down how they ended.
                provost_engine::process::terminate_all();
                #[expect(clippy::exit, reason = "the second Ctrl-C is a demand to stop at once")]
                std::process::exit(130);
            }
            ui.line("stopping; once more ends at once");
            cancel.cancel();
        }
    });
}
