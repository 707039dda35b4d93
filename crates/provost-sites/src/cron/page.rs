//! Telling somebody: the fleet file's command is run when a site gets into trouble, and when it is out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::{Input, Program};
use provost_fleet::name::Name;

use super::look::Seconds;
use super::record::{Record, Trouble};
use super::world::Settings;

/// How often somebody is told at most, in seconds: what comes meanwhile is told together.
const AT_MOST: Seconds = 60;

/// How long the command may take. A pager that hangs must not pile up.
const DEADLINE: Duration = Duration::from_secs(30);

type Key = (Name, &'static str, String);

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Pager {
    told: BTreeSet<Key>,
    at: Seconds,
}

impl Pager {
    /// What there is to tell, as the command reads it: troubles that came, and those that went.
    pub(super) fn news(
        &mut self,
        settings: &Settings,
        records: &BTreeMap<Name, Record>,
        now: Seconds,
    ) -> Option<serde_json::Value> {
        if now - self.at < AT_MOST {
            return None;
        }
        let mut is: BTreeMap<Key, Trouble> = BTreeMap::new();
        for (site, record) in records {
            for trouble in record.troubles(&settings.rules, now) {
                is.insert((site.clone(), trouble.what, trouble.task.clone()), trouble);
            }
        }
        let came: Vec<serde_json::Value> = is
            .iter()
            .filter(|(key, _)| !self.told.contains(*key))
            .map(|((site, what, task), trouble)| {
                serde_json::json!({ "site": site, "what": what, "task": task, "words": trouble.words })
            })
            .collect();
        let went: Vec<serde_json::Value> = self
            .told
            .iter()
            .filter(|key| !is.contains_key(*key))
            .map(|(site, what, task)| serde_json::json!({ "site": site, "what": what, "task": task }))
            .collect();
        self.told = is.into_keys().collect();
        if came.is_empty() && went.is_empty() {
            return None;
        }
        self.at = now;
        Some(serde_json::json!({
            "schema": 1, "fleet": settings.fleet, "at": now, "in_trouble": came, "recovered": went,
        }))
    }
}

/// Tells the reporter, and runs the command.
pub(super) async fn tell(cx: &Context, command: &[String], message: serde_json::Value) {
    for one in message["in_trouble"].as_array().into_iter().flatten() {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        cx.note(format!("{}: {}", text("site"), text("words")));
    }
    let Some((program, arguments)) = command.split_first() else { return };
    let path = match program.starts_with('/') {
        true => Some(program.into()),
        false => cx.machine.program(program),
    };
    let Some(path) = path else {
        cx.note(format!("nobody was told: [cron] `command` is not installed: {program}"));
        return;
    };
    let input = Input::Bytes(format!("{message}\n").into_bytes());
    let program = Program::new(path).args(arguments).input(input).deadline(DEADLINE);
    if let Err(error) = cx.run(program).await.and_then(provost_engine::process::Output::ok) {
        cx.note(format!("nobody was told by [cron] `command`: {error}"));
    }
}
