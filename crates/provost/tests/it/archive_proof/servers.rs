//! The database servers of a fleet, running without anything else: a cron would change what is compared.

use std::sync::Arc;

use provost_engine::event::{Event, Reporter};
use provost_ops::environment::{Environment, Variables};
use provost_ops::session::{Access, Call, Session};

use crate::environment::TestEnv;

/// Says nothing.
struct Silent;

impl Reporter for Silent {
    fn event(&self, _: &Event) {}
}

/// Starts the servers. They run until the session is closed.
pub(super) async fn start(env: &TestEnv) -> Session {
    let below = [("HOME", "home"), ("XDG_CACHE_HOME", "cache"), ("XDG_RUNTIME_DIR", "run")];
    let mut variables: Vec<(String, String)> =
        below.map(|(name, below)| (name.to_owned(), env.path(below).display().to_string())).into();
    for (name, value) in [("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"), ("USER", "tester")] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let call = Call {
        environment: Environment {
            directory: camino::Utf8PathBuf::try_from(env.path(".")).unwrap(),
            variables: Variables(variables.into_iter().collect()),
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            cores: 2,
        },
        file: "fleet.toml".into(),
        reporter: Arc::new(Silent),
        cancel: tokio_util::sync::CancellationToken::new(),
        jobs: None,
    };
    let session = Session::open(&call, Access::Look).unwrap();
    session.servers.ensure_running(&session.cx, &"main".parse().unwrap()).await.unwrap();
    session
}
