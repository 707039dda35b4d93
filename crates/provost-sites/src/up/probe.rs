//! Asking the running web server for a page, as a browser would: the read-back of what it was told to serve.

use std::net::SocketAddr;
use std::time::Duration;

use provost_fleet::model::Site;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::ports::reachable;

/// How long one answer may take: the first page of a site compiles some 1,500 PHP files.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a reload may take until it shows. nginx answers from its old files until new workers are up; and where others have php-fpm
/// start itself anew meanwhile, it first waits up to 20 seconds for the requests that it works on, and then compiles everything again.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a visitor finds a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    /// `/school`, or nothing.
    path: String,
}

impl Place {
    /// From a host, and `/` and a path where the site shares that: as `kind_site::host_of` says it.
    pub fn parse(text: &str) -> Self {
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        Self { host: host.to_owned(), path: path.to_owned() }
    }

    /// Whether it says no host.
    pub(super) fn is_unknown(&self) -> bool {
        self.host.is_empty()
    }

    /// Of a declared site.
    pub fn of(site: &Site) -> Self {
        Self { host: site.url.host().to_owned(), path: site.url.path() }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.host, self.path)
    }
}

/// Asks for a page until its status is as expected, and returns the last status that was seen; `None` where nobody answered.
pub(super) async fn until(address: SocketAddr, place: &Place, expected: impl Fn(u16) -> bool) -> Option<u16> {
    let begun = tokio::time::Instant::now();
    let mut pauses = Pauses::default();
    loop {
        let status = tokio::time::timeout(ANSWER, ask(address, place)).await.ok().flatten();
        if status.is_some_and(&expected) || begun.elapsed() > PATIENCE {
            return status;
        }
        pauses.next().await;
    }
}

/// Pauses between looks at what is mostly ready in a few milliseconds, and sometimes takes seconds: they grow.
pub(super) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(Duration::from_millis(4))
    }
}

impl Pauses {
    /// Waits; the next time for half as long again, at most 50 ms.
    pub(super) async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_millis(50));
    }
}

/// The status of a site's login page.
async fn ask(address: SocketAddr, Place { host, path }: &Place) -> Option<u16> {
    let mut stream = TcpStream::connect(reachable(address)).await.ok()?;
    // Where a proxy ends TLS it would say so; without the word nginx would answer with a redirect, which is as good.
    let request = format!(
        "GET {path}/login/index.php HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Proto: https\r\nUser-Agent: provost\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = [0; 16];
    stream.read_exact(&mut head).await.ok()?;
    // "HTTP/1.1 200 OK"
    std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.parse().ok()
}
