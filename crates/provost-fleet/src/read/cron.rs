//! `[cron]`.

use std::time::Duration;

use toml::de::DeValue;

use super::At;
use super::value::{Reader, duration_of};
use crate::cron::Cron;
use crate::diagnostic::Diagnostic;

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

pub(super) fn read(mut reader: Reader<'_>) -> Cron {
    let default = Cron::default();
    let mut timeouts = default.timeouts;
    for (class, (value, span)) in reader.entries("timeouts") {
        let text = if let DeValue::String(text) = value { duration_of(text) } else { None };
        let class = task_class(&reader, class);
        match text.filter(|seconds| (1..=DAY).contains(seconds)) {
            Some(seconds) => {
                timeouts.extend(class.map(|class| (class, Duration::from_secs(u64::from(seconds)))));
            }
            None => {
                reader.sink.push(Diagnostic::error(span, "a task's time is such as \"10m\", up to \"1d\""));
            }
        }
    }
    let cron = Cron {
        enabled: reader.boolean("enabled").is_none_or(|enabled| enabled.value),
        // Below it there is no schedule of Moodle's, and a day without cron breaks what is due daily.
        period: reader.duration("period", 10..=DAY).unwrap_or(default.period),
        workers: reader.integer("workers", 3..=500).map(|workers| workers.value),
        timeout: reader.duration("timeout", 1..=DAY).unwrap_or(default.timeout),
        adhoc_timeout: reader.duration("adhoc_timeout", 1..=DAY).unwrap_or(default.adhoc_timeout),
        timeouts,
        late: reader.duration("late", MINUTE..=7 * DAY).unwrap_or(default.late),
        // Moodle starts with a minute and stops at a day.
        fail_delay: reader.duration("fail_delay", MINUTE..=DAY).unwrap_or(default.fail_delay),
        queue: reader.integer("queue", 1..=1_000_000).map_or(default.queue, |queue| queue.value),
        command: command(&mut reader),
    };
    reader.finish();
    cron
}

fn command(reader: &mut Reader<'_>) -> Vec<String> {
    let texts = reader.texts("command");
    if let Some(first) = texts.first().filter(|first| first.value.is_empty()) {
        reader.sink.push(Diagnostic::error(first.span.clone(), "`command` begins with a program"));
    }
    texts.into_iter().map(|text| text.value).collect()
}

fn task_class(reader: &Reader<'_>, text: At<String>) -> Option<String> {
    let class = Cron::class(&text.value);
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    };
    if class.split('\\').count() > 1 && class.split('\\').all(word) {
        return Some(class.to_owned());
    }
    let fault = Diagnostic::error(text.span, format!("`{}` is not the class of a task", text.value));
    reader.sink.push(fault.hint("write it like \"core\\\\task\\\\automated_backup_task\""));
    None
}
