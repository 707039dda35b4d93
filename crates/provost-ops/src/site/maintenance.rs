//! `provost site maintenance`: core's page for visitors, now or later, and its end. Acts, and leaves a record in the journal.

use provost_sites::site::SiteError;
pub use provost_sites::site::maintenance::Wish;
use provost_sites::site::maintenance::{Maintained, Now};
use serde::Serialize;
use serde_json::json;

use super::chosen::{Targets, to_change};
use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Deed, Target, Touch};
use crate::session::{Access, Call, Session};

/// Name of the operation in the journal.
pub(crate) const OPERATION: &str = "maintenance";

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Maintenance {
    /// Version of this form.
    pub schema: u32,
    /// `on`, `later` or `off`.
    pub mode: &'static str,
    /// Each site.
    pub sites: Vec<Target<Effect>>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// What was seen of a site.
#[derive(Debug, Serialize)]
pub struct Effect {
    /// When it begins, where that is to come.
    pub from: Option<String>,
    /// Whether a visitor's request was seen to be answered so; `false` where nothing serves the site.
    pub seen: bool,
}

/// Sets the maintenance of sites.
pub async fn maintenance(call: &Call, targets: &Targets, wish: &Wish) -> Result<Maintenance, OpsError> {
    let names = to_change(call, targets).await?;
    let session = Session::open(call, Access::Change)?;
    let fleet = &session.loaded.fleet;
    let (mode, minutes, message) = match wish {
        Wish::On { message } => ("on", None, message.as_ref()),
        Wish::Later { minutes, message } => ("later", Some(*minutes), message.as_ref()),
        Wish::Off => ("off", None, None),
    };
    let deed = Deed {
        operation: OPERATION,
        declared: json!({ "mode": mode, "minutes": minutes, "message": message }),
        touch: Touch::Change,
    };
    let work = async |name| -> Result<Now, SiteError> {
        let gone = || SiteError::ReadBack("it is no longer in the file".to_owned());
        let site = fleet.sites.get(name).ok_or_else(gone)?;
        let (fleet_id, servers) = (&session.fleet_id, &*session.servers);
        Maintained { fleet, fleet_id, servers, name, site }.set(&session.cx, wish).await
    };
    let evidence = |now: &Now| match (now.from, now.seen) {
        (Some(from), _) => format!("from {from}"),
        (None, true) => "seen as a visitor".to_owned(),
        (None, false) => "seen in its dataroot".to_owned(),
    };
    let done = fanout::each(&session, &deed, &names, work, evidence).await;
    session.close().await;
    let told = |target: Target<Now>| Target {
        done: target.done.map(|now| Effect { from: now.from.map(|at| at.to_string()), seen: now.seen }),
        site: target.site,
        error: target.error,
        hint: target.hint,
    };
    let sites: Vec<_> = done?.targets.into_iter().map(told).collect();
    let exit = fanout::exit(call.cancel.is_cancelled(), &sites);
    Ok(Maintenance { schema: 1, mode, sites, exit })
}

/// What the journal has of a wish.
pub(crate) fn wish_of(declared: &serde_json::Value) -> Option<Wish> {
    let message = declared["message"].as_str().map(str::to_owned);
    match declared["mode"].as_str()? {
        "on" => Some(Wish::On { message }),
        "later" => Some(Wish::Later { minutes: u32::try_from(declared["minutes"].as_u64()?).ok()?, message }),
        "off" => Some(Wish::Off),
        _ => None,
    }
}
