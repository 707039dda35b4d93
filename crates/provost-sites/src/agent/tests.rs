//! Talking to agents that are stopped, do not read, or never come to an end. A shell takes the place of PHP.

use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_engine::context::{Limits, Machine};
use provost_engine::event::{Event, Reporter};
use provost_engine::paths::Paths;
use provost_engine::store::Store;
use provost_moodle::agent::SiteState;
use tokio_util::sync::CancellationToken;

use super::*;

/// A process that is stopped hears no TERM: it is killed after this.
const GRACE: Duration = provost_engine::process::GRACE;

/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(20);

struct Silent;

impl Reporter for Silent {
    fn event(&self, _: &Event) {}
}

fn context() -> Context {
    let root = Utf8PathBuf::from("/nonexistent");
    Context {
        paths: Arc::new(Paths {
            state: root.join("state"),
            run: root.join("run"),
            cache: root.join("cache"),
            store: root.join("store"),
        }),
        store: Arc::new(Store::in_memory().unwrap()),
        cancel: CancellationToken::new(),
        reporter: Arc::new(Silent),
        machine: Arc::new(Machine::default()),
        limits: Limits { steps: 1, observations: 1 },
    }
}

async fn agent(cx: &Context, script: &str) -> Agent {
    let running = cx.start(Program::new("/bin/sh").args(["-c", script])).await.unwrap();
    Agent {
        site: "hugo".parse().unwrap(),
        running,
        decoder: Decoder::new(),
        items: VecDeque::new(),
        log: String::new(),
        next: 1,
        ready: Ready {
            protocol: PROTOCOL,
            agent: String::new(),
            moodle: String::new(),
            build: String::new(),
            php: String::new(),
            pid: 0,
            operations: Vec::new(),
            state: SiteState::Ok,
        },
    }
}

/// Parameters that fit into no pipe.
fn long() -> Value {
    serde_json::json!({ "text": "x".repeat(1 << 20) })
}

/// What a shell says that answers every request, whatever it is.
const ANSWERS: &str = r#"
while IFS= read -r line; do
    [ -n "$line" ] || continue
    n=$((n + 1))
    printf '\n\036{"type":"result","id":%d,"ok":{"n":%d}}\n' $n $n
done"#;

#[tokio::test]
async fn an_agent_that_reads_is_asked_again_and_again() {
    let cx = context();
    let mut agent = agent(&cx, ANSWERS).await;
    for number in 1..=3 {
        let answer = agent.call(&cx, "x", long(), SLACK).await.unwrap();
        assert_eq!(answer["n"], number);
    }
    agent.close().await;
}

#[tokio::test]
async fn an_agent_that_reads_nothing_is_given_up_in_time() {
    let cx = context();
    let mut agent = agent(&cx, "exec sleep 600").await;
    let begun = Instant::now();
    let error = agent.call(&cx, "x", long(), Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, AgentError::Deadline { .. }), "{error}");
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    assert!(agent.running.has_ended());
}

#[tokio::test]
async fn an_agent_that_is_stopped_is_given_up_and_killed() {
    for params in [Value::Null, long()] {
        let cx = context();
        let mut agent = agent(&cx, "kill -STOP $$; exec sleep 600").await;
        let begun = Instant::now();
        let error = agent.call(&cx, "x", params, Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, AgentError::Deadline { .. }), "{error}");
        assert!(begun.elapsed() < GRACE + SLACK, "{:?}", begun.elapsed());
        assert!(agent.running.has_ended());
    }
}

#[tokio::test]
async fn who_is_cancelled_waits_for_nobody_to_read() {
    let cx = context();
    let mut agent = agent(&cx, "exec sleep 600").await;
    let cancel = cx.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    });
    let begun = Instant::now();
    let error = agent.call(&cx, "x", long(), Duration::from_hours(6)).await.unwrap_err();
    assert!(matches!(error, AgentError::Cancelled), "{error}");
    assert!(begun.elapsed() < SLACK, "{:?}", begun.elapsed());
    assert!(agent.running.has_ended());
}

#[tokio::test]
async fn progress_does_not_prolong_a_call() {
    let cx = context();
    let script = r#"while :; do printf '\n\036{"type":"progress","id":1,"done":1}\n'; sleep 0.05; done"#;
    let mut agent = agent(&cx, script).await;
    let begun = Instant::now();
    let error = agent.call(&cx, "x", Value::Null, Duration::from_millis(700)).await.unwrap_err();
    assert!(matches!(error, AgentError::Deadline { .. }), "{error}");
    assert!(begun.elapsed() < GRACE + SLACK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn letting_go_of_an_agent_that_is_stopped_takes_seconds() {
    let cx = context();
    let agent = agent(&cx, "kill -STOP $$; exec sleep 600").await;
    let begun = Instant::now();
    agent.close().await;
    assert!(begun.elapsed() < END + GRACE + SLACK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_agent_that_dies_is_told_with_what_it_wrote() {
    let cx = context();
    let mut agent = agent(&cx, "read -r line; read -r line; echo 'PHP Fatal error: x' >&2; exit 1").await;
    let error = agent.call(&cx, "x", Value::Null, SLACK).await.unwrap_err();
    assert!(matches!(&error, AgentError::Died { log, .. } if log.contains("Fatal")), "{error}");
}
