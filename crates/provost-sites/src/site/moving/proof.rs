//! That a copy is what was copied: every table and every counter of both databases, compared.

use std::collections::BTreeSet;

use provost_engine::context::Context;

use crate::database;
use crate::relocation::Other;
use crate::site::SiteError;
use crate::site::install::Installation;

/// How many differences are named: the first say what is wrong.
const NAMED: usize = 5;

/// Reads both databases whole, side by side, and compares them. Returns how much that was, in words.
pub(super) async fn compare(cx: &Context, site: &Installation<'_>, old: &Other) -> Result<String, SiteError> {
    let (server, name) = (&site.site.database, site.site.database_name.as_str());
    let mut before = site.servers.admin(cx, &old.server, Some(&old.database)).await?;
    let mut after = site.servers.admin(cx, server, Some(name)).await?;
    let reading =
        async { tokio::try_join!(database::contents(&mut before.sql), database::contents(&mut after.sql)) };
    let (before, after) = tokio::select! {
        read = reading => read?,
        () = cx.cancel.cancelled() => return Err(SiteError::ReadBack("interrupted".to_owned())),
    };
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ: Vec<String> = all
        .into_iter()
        .filter(|what| before.get(*what) != after.get(*what))
        .map(|what| {
            let told = |one: Option<&String>| one.map_or("not there", String::as_str).to_owned();
            format!("{what}: {} and {}", told(before.get(what)), told(after.get(what)))
        })
        .collect();
    if !differ.is_empty() {
        let (count, first) = (differ.len(), differ[..differ.len().min(NAMED)].join("; "));
        return Err(SiteError::ReadBack(format!("old and new database differ in {count} place(s): {first}")));
    }
    let tables = before.iter().filter(|(what, _)| !what.starts_with("counter ")).count();
    let rows: u64 = before.values().filter_map(|told| told.split_once(" rows")?.0.parse::<u64>().ok()).sum();
    if tables == 0 {
        return Err(SiteError::ReadBack("the old database has no table".to_owned()));
    }
    Ok(format!("{tables} tables with {rows} rows"))
}
