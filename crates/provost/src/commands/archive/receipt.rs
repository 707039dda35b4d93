//! `provost archive receipt …` and `provost archive export`.

use camino::Utf8PathBuf;
use clap::Subcommand;
use provost_ops::archive;
use provost_ops::error::Exit;
use provost_ops::session::Call;

use super::Session;
use crate::commands::Ended;
use crate::ui::{Ui, archives};

/// Receipts: the signed proofs that courses arrived
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Verify(Verify),
    Key(Key),
}

/// Verify a receipt
///
/// Needs the public half of the key that signed it, and nothing else: no registry, no site.
#[derive(Debug, clap::Args)]
struct Verify {
    /// The receipt's file.
    #[arg(value_name = "FILE")]
    receipt: Utf8PathBuf,
    /// The public half, `ed25519:…`; by default that of the fleet's own key.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Print the public half of the fleet's key
#[derive(Debug, clap::Args)]
struct Key {}

/// Write a session's receipts into a directory, a file for each course, with the public key beside them
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    session: Session,
    /// The directory; made where it is missing.
    #[arg(long, value_name = "DIRECTORY")]
    to: Utf8PathBuf,
}

pub(crate) fn run(call: &Call, ui: &Ui, arguments: &Arguments) -> Ended {
    match &arguments.verb {
        Verb::Verify(own) => {
            let verified = archive::verify(call, &own.receipt, own.key.as_deref())?;
            if !ui.json(&verified) {
                ui.out(&archives::verified(&verified));
            }
        }
        Verb::Key(Key {}) => {
            let key = archive::public_key(call)?.to_string();
            if !ui.json(&serde_json::json!({ "schema": 1, "key": key })) {
                ui.out(&key);
            }
        }
    }
    Ok(Exit::Done)
}

impl Export {
    pub(crate) async fn run(self, call: &Call, ui: &Ui) -> Ended {
        let exported = archive::export(call, &self.session.into(), &self.to).await?;
        ui.finish();
        if !ui.json(&exported) {
            let (receipts, directory) = (exported.receipts, &exported.directory);
            ui.out(&format!("{receipts} receipt(s) written to `{directory}`, signed with {}", exported.key));
        }
        Ok(Exit::Done)
    }
}
