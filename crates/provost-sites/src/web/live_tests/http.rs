//! As much of HTTP as the tests need.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    head: String,
}

impl Answer {
    /// A header's value; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key.to_lowercase() == name).then(|| value.trim().to_owned())
        })
    }
}

/// Asks for a target exactly as it is written, with more header lines.
pub(super) fn ask(port: u16, host: &str, target: &str, headers: &[&str]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("nginx listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket takes a timeout");
    // HTTP/1.0: the answer ends with the connection, in one piece.
    let first = [format!("GET {target} HTTP/1.0"), format!("Host: {host}")];
    let lines: Vec<&str> = first.iter().map(String::as_str).chain(headers.iter().copied()).collect();
    let request = format!("{}\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).expect("nginx takes the request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("nginx answers");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, body: body.to_owned(), head: head.to_owned() }
}
