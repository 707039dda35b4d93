//! All sites at once, for a status: what their tables say now, over what is remembered.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::store::StoreError;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;

use super::look::{self, LookError};
use super::record::{self, Record};
use crate::server::Servers;

/// What is known of the cron of each site of a fleet that has a build. Servers that rest are not started for it: of their sites is told
/// what was seen last.
pub async fn survey(
    cx: &Context,
    servers: &Servers,
    fleet: &Fleet,
    fleet_id: &str,
) -> Result<BTreeMap<Name, Record>, StoreError> {
    let mut records = record::read(cx)?;
    let there = fleet.sites.iter().filter(|(name, _)| cx.paths.code(name).exists());
    let looks = there.map(async |(name, site)| (name, look::look(cx, servers, fleet_id, name, site).await));
    let looks: Vec<_> =
        futures_util::stream::iter(looks).buffer_unordered(cx.limits.observations).collect().await;
    let mut all = BTreeMap::new();
    for (name, seen) in looks {
        let mut record = records.remove(name).unwrap_or_default();
        match seen {
            Ok(sight) => record.saw(&sight),
            Err(LookError::NotInstalled) => continue,
            Err(error) => record.not_seen(full_chain(&error), cx.now().as_second()),
        }
        all.insert(name.clone(), record);
    }
    Ok(all)
}
