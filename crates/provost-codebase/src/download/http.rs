//! One exchange with a server: redirects, limits, deadlines, and what comes goes to a file.
//!
//! The client blocks, so each exchange has a thread of its own, which a cancelled command leaves to end at its next
//! byte or deadline. Redirects are followed here and not by the client: none may leave `https` or carry a password.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Context;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::certificates::certificates;
use super::proxy::proxy;
use super::{DownloadError, HttpUrl, Patience};
use crate::import::{Digesting, Digests};

/// How often a server may lead elsewhere. GitHub does twice, the plugins directory once.
const REDIRECTS: usize = 10;

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// The longest validator we keep, in bytes. Real ones have less than a hundred.
const LONGEST_VALIDATOR: usize = 1000;

/// What a server knows a content by: sent back, it says whether that has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) url: HttpUrl,
    /// What is had already.
    pub(super) known: Option<Validators>,
    /// The most bytes that are taken.
    pub(super) largest: u64,
    /// The file that is written, in a directory that is there. It is gone if the exchange fails.
    pub(super) to: Utf8PathBuf,
}

/// What came.
#[derive(Debug)]
pub(super) enum Answer {
    /// What is had already is what there is.
    Same,
    /// The file was written.
    New { digests: Digests, validators: Validators },
}

/// Talks to servers.
pub(super) struct Client {
    environment: BTreeMap<String, String>,
    patience: Patience,
    plain: Agent,
    /// Made when the first `https` URL is asked: reading 150 certificates takes some milliseconds.
    secure: OnceLock<Agent>,
}

impl Client {
    pub(super) fn new(environment: BTreeMap<String, String>, patience: Patience) -> Self {
        Self { environment, patience, plain: agent(patience, None), secure: OnceLock::new() }
    }

    /// Asks, in a thread of its own.
    pub(super) async fn ask(self: &Arc<Self>, cx: &Context, ask: Ask) -> Result<Answer, DownloadError> {
        // Also when this future is dropped, the thread should end.
        let stop = cx.cancel.child_token();
        let guard = stop.clone().drop_guard();
        let (tell, told) = tokio::sync::oneshot::channel();
        let (client, shown) = (Arc::clone(self), ask.url.to_string());
        let work = move || {
            // Nobody may be there any more to be told.
            drop(tell.send(client.exchange(&ask, &stop)));
        };
        std::thread::Builder::new()
            .name("download".to_owned())
            .spawn(work)
            .map_err(|error| DownloadError::Refused { url: shown.clone(), why: error.to_string() })?;
        let answer = tokio::select! {
            () = cx.cancel.cancelled() => Err(DownloadError::Cancelled),
            told = told => told.unwrap_or_else(|_| {
                Err(DownloadError::Refused { url: shown, why: "its thread ended early".to_owned() })
            }),
        };
        drop(guard);
        answer
    }

    fn exchange(&self, ask: &Ask, stop: &CancellationToken) -> Result<Answer, DownloadError> {
        let deadline = Instant::now() + self.patience.whole;
        let mut url = ask.url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.get(&url, ask)?;
            match response.status().as_u16() {
                304 if ask.known.is_some() => return Ok(Answer::Same),
                200 => return self.take(&url, ask, response, deadline, stop),
                301 | 302 | 303 | 307 | 308 => {
                    let location = header(response.headers(), "location");
                    let location = location.ok_or_else(|| refused(&url, "it leads nowhere"))?;
                    url = url.join(&location).map_err(|error| match error {
                        DownloadError::Origin { url: there, why } => {
                            refused(&url, &format!("it leads to `{there}`: {why}"))
                        }
                        other => other,
                    })?;
                }
                code => return Err(DownloadError::Status { url: url.to_string(), code }),
            }
            if stop.is_cancelled() {
                return Err(DownloadError::Cancelled);
            }
        }
        Err(refused(&ask.url, &format!("it was led elsewhere more than {REDIRECTS} times")))
    }

    fn get(&self, url: &HttpUrl, ask: &Ask) -> Result<Response<Body>, DownloadError> {
        let proxy = proxy(&self.environment, url)?;
        let by = proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host(), proxy.port()));
        let mut request = self.agent(url)?.get(url.as_str());
        if let Some(known) = &ask.known {
            let both = [("if-none-match", &known.etag), ("if-modified-since", &known.last_modified)];
            for (name, value) in both.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
                request = request.header(name, value);
            }
        }
        let answer = request.config().proxy(proxy).build().call();
        answer.map_err(|error| match (failed(url, error), by) {
            (DownloadError::Unreachable { host, why, wanted }, Some(by)) => {
                DownloadError::Unreachable { host, why: format!("{why}, by way of the proxy {by}"), wanted }
            }
            (other, _) => other,
        })
    }

    fn agent(&self, url: &HttpUrl) -> Result<&Agent, DownloadError> {
        if !url.is_secure() {
            return Ok(&self.plain);
        }
        if let Some(agent) = self.secure.get() {
            return Ok(agent);
        }
        let roots = RootCerts::from(certificates(&self.environment)?);
        let tls = TlsConfig::builder().root_certs(roots).build();
        Ok(self.secure.get_or_init(|| agent(self.patience, Some(tls))))
    }

    /// Writes the body to the file.
    fn take(
        &self,
        url: &HttpUrl,
        ask: &Ask,
        response: Response<Body>,
        deadline: Instant,
        stop: &CancellationToken,
    ) -> Result<Answer, DownloadError> {
        let validators = Validators {
            etag: validator(response.headers(), "etag"),
            last_modified: validator(response.headers(), "last-modified"),
        };
        let body = response.into_body();
        if body.content_length().is_some_and(|length| length > ask.largest) {
            return Err(DownloadError::TooLarge { url: url.to_string(), largest: ask.largest });
        }
        let taken = self.write(url, ask, &mut body.into_reader(), deadline, stop);
        if taken.is_err() {
            // The first error is the one to tell.
            drop(std::fs::remove_file(&ask.to));
        }
        Ok(Answer::New { digests: taken?, validators })
    }

    fn write(
        &self,
        url: &HttpUrl,
        ask: &Ask,
        body: &mut dyn Read,
        deadline: Instant,
        stop: &CancellationToken,
    ) -> Result<Digests, DownloadError> {
        let io = DownloadError::io("write", &ask.to);
        let mut file = create(&ask.to).map_err(&io)?;
        let mut digesting = Digesting::default();
        let mut piece = vec![0; PIECE];
        let mut length = 0;
        let (mut window, mut before) = (Instant::now(), 0);
        loop {
            let got = body.read(&mut piece).map_err(|error| failed(url, error.into()))?;
            if got == 0 {
                break;
            }
            length += got as u64;
            if stop.is_cancelled() {
                return Err(DownloadError::Cancelled);
            }
            if length > ask.largest {
                return Err(DownloadError::TooLarge { url: url.to_string(), largest: ask.largest });
            }
            let now = Instant::now();
            if now > deadline {
                return Err(unreachable(url, "it took too long"));
            }
            let took = now - window;
            if took >= self.patience.silence {
                if length - before < self.patience.slowest * took.as_secs().max(1) {
                    return Err(unreachable(url, "operation too slow"));
                }
                (window, before) = (now, length);
            }
            digesting.update(&piece[..got]);
            file.write_all(&piece[..got]).map_err(&io)?;
        }
        file.sync_all().map_err(&io)?;
        Ok(digesting.finish())
    }
}

/// A new file, whatever lies there: a download that was given up may still write to that one.
fn create(path: &Utf8Path) -> std::io::Result<File> {
    drop(std::fs::remove_file(path));
    File::options().write(true).create_new(true).mode(0o644).open(path)
}

fn agent(patience: Patience, tls: Option<TlsConfig>) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // Which proxy is used is decided for each URL, and not by our own environment.
        .proxy(None)
        .user_agent(concat!("provost/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.silence))
        .timeout_per_read(Some(patience.silence))
        .timeout_per_write(Some(patience.silence))
        .timeout_global(Some(patience.whole + Duration::from_secs(1)));
    if let Some(tls) = tls {
        config = config.tls_config(tls);
    }
    config.build().new_agent()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn validator(headers: &HeaderMap, name: &str) -> Option<String> {
    header(headers, name).filter(|value| !value.is_empty() && value.len() <= LONGEST_VALIDATOR)
}

fn refused(url: &HttpUrl, why: &str) -> DownloadError {
    DownloadError::Refused { url: url.to_string(), why: why.to_owned() }
}

fn unreachable(url: &HttpUrl, why: &str) -> DownloadError {
    DownloadError::Unreachable { host: url.host().to_owned(), why: why.to_owned(), wanted: url.to_string() }
}

/// What a failed exchange means: that there is no network, or that somebody is there whom we do not understand.
fn failed(url: &HttpUrl, error: ureq::Error) -> DownloadError {
    use std::io::ErrorKind;
    match error {
        ureq::Error::HostNotFound => unreachable(url, "could not resolve host"),
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            unreachable(url, "connection timed out")
        }
        ureq::Error::Timeout(_) => unreachable(url, "operation too slow"),
        ureq::Error::ConnectionFailed => unreachable(url, "failed to connect"),
        ureq::Error::ConnectProxyFailed(_) => unreachable(url, "no tunnel"),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => unreachable(url, "connection refused"),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => unreachable(url, "connection timed out"),
            ErrorKind::NetworkUnreachable => unreachable(url, "network is unreachable"),
            ErrorKind::HostUnreachable => unreachable(url, "no route to host"),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => unreachable(url, "the connection broke off"),
            // How the client hands on what TLS says.
            ErrorKind::InvalidData => refused(url, &format!("the connection cannot be trusted: {error}")),
            // The system's words for a name that nobody knows have no kind of their own.
            _ if error.to_string().contains("lookup address") => unreachable(url, "could not resolve host"),
            _ => refused(url, &error.to_string()),
        },
        other => refused(url, &other.to_string()),
    }
}
