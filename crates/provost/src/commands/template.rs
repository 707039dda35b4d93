//! `provost template …`.

use clap::Subcommand;
use provost_ops::error::Exit;
use provost_ops::session::Call;
use provost_ops::template::{close, open, reset};

use super::Ended;
use crate::ui::Ui;

/// Templates that sites are cloned from: content that is made by hand
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Let visitors into a template at its `url`, to make content in it by hand. Nothing is cloned from it meanwhile.
    Open(Named),
    /// Close a template that was opened: sites are cloned from what it holds now.
    Close(Named),
    /// Give up what was made in a template by hand: the next apply makes it anew from the fleet file.
    Reset(Named),
}

#[derive(Debug, clap::Args)]
struct Named {
    /// The template.
    #[arg(value_name = "TEMPLATE")]
    name: String,
}

pub(crate) async fn run(call: &Call, ui: &Ui, arguments: Arguments) -> Ended {
    match arguments.verb {
        Verb::Open(Named { name }) => {
            let opened = open(call, &name).await?;
            ui.finish();
            if !ui.json(&opened) {
                let password = match &opened.password_file {
                    Some(file) => format!("the password is in {file}"),
                    None => "the password is the one that the fleet file refers to".to_owned(),
                };
                ui.out(&format!(
                    "Template {} is open at {} ({}).\nLog in as {}; {password}.\nWhen it is as it shall be: `provost template close {name}`.\n",
                    opened.template, opened.url, opened.served, opened.user,
                ));
            }
        }
        Verb::Close(Named { name }) => {
            let closed = close(call, &name).await?;
            ui.finish();
            if !ui.json(&closed) {
                ui.out(&format!("Template {} is closed, {}.\n", closed.template, closed.size));
            }
        }
        Verb::Reset(Named { name }) => {
            let reset = reset(call, &name).await?;
            ui.finish();
            if !ui.json(&reset) {
                ui.out(&format!("Template {}: the next `provost apply` makes it anew.\n", reset.template));
            }
        }
    }
    Ok(Exit::Done)
}
