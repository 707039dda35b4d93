//! That a site can be read, before its name or its place is changed: what is broken is not torn apart as well.

use std::collections::BTreeSet;

use provost_fleet::name::Name;
use provost_sites::kind_site;

use super::edited::EditOptions;
use crate::OpsError;
use crate::archive::see_free;
use crate::plan::look_at;
use crate::session::{Access, Call, Session};

/// Looks at sites of the file that are to be changed. One that was never made is no hindrance.
///
/// # Errors
/// When one of them cannot be read: its server does not answer, or its database is gone or is none of Moodle's any more; and when one of
/// them is still being renamed, for what has which of three names nobody could tell.
pub(super) async fn see(call: &Call, names: &[Name], options: &EditOptions) -> Result<(), OpsError> {
    if options.dry_run || options.no_apply || names.is_empty() {
        return Ok(());
    }
    let session = Session::open(call, Access::Look)?;
    if let Err(engaged) = see_free(&session, names).await {
        session.close().await;
        return Err(engaged);
    }
    let only: BTreeSet<Name> = names.iter().cloned().collect();
    let seen = look_at(&session, &session.lock, Some(&only)).await.map(|looked| looked.seen);
    session.close().await;
    if call.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    let seen: Vec<_> = seen?.into_iter().filter(|one| one.subject.kind == kind_site::NAME).collect();
    let unfinished =
        seen.iter().find(|one| only.contains(&one.subject.name) && one.detail["former"]["begun"] == true);
    if let Some(one) = unfinished {
        return Err(OpsError::Unfinished {
            former: one.detail["former"]["name"].as_str().unwrap_or_default().to_owned(),
            site: one.subject.name.clone(),
        });
    }
    let broken = seen.into_iter().find(|one| {
        let gone = || one.state == "incomplete" && !one.detail["database_gone"].is_null();
        only.contains(&one.subject.name) && (one.state == "unknown" || gone())
    });
    match broken {
        Some(one) => Err(OpsError::Unreadable {
            site: one.subject.name.clone(),
            why: one.reason.unwrap_or_else(|| "it cannot be told why".to_owned()),
        }),
        None => Ok(()),
    }
}
