//! As much of a browser as a login needs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A browser with its cookies.
pub(crate) struct Browser {
    port: u16,
    host: String,
    /// What stands before every path: `/school`, or nothing.
    below: String,
    cookies: Vec<(String, String)>,
}

/// An answer.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(port: u16, host: &str) -> Self {
        Self::below(port, host, "")
    }

    /// For a site below a path of a host.
    pub(crate) fn below(port: u16, host: &str, below: &str) -> Self {
        Self { port, host: host.to_owned(), below: below.to_owned(), cookies: Vec::new() }
    }

    /// The names of the cookies that it was given.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.cookies.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.request("GET", path, "")
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Page {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (host, below, port, cookies) = (&self.host, &self.below, self.port, cookies.join("; "));
        let head = format!(
            "{method} {below}{path} HTTP/1.0\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\nUser-Agent: test\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let mut location = None;
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            if name.eq_ignore_ascii_case("location") {
                location = Some(value.to_owned());
            } else if name.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = value.split(';').next().and_then(|cookie| cookie.split_once('='))
            {
                self.cookies.retain(|(known, _)| known != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Page { status, location, body: body.to_owned() }
    }

    /// Whether whoever logged in still is.
    pub(crate) fn is_logged_in(&mut self) -> bool {
        self.get("/my/").body.contains("login/logout.php")
    }

    /// Logs in as the admin; whether the page that follows has a way out.
    pub(crate) fn login(&mut self, password: &str) -> bool {
        let form = self.get("/login/index.php");
        assert_eq!(form.status, 200, "{}", form.body);
        let after = form.body.split("name=\"logintoken\" value=\"").nth(1).unwrap_or_default();
        let token = after.split('"').next().unwrap_or_default().to_owned();
        let body = format!("username=admin&password={password}&logintoken={token}");
        let mut page = self.request("POST", "/login/index.php", &body);
        for _ in 0..5 {
            let Some(location) = page.location.take() else { break };
            let prefix = format!("http://{}:{}{}", self.host, self.port, self.below);
            let path = location.strip_prefix(&prefix).unwrap_or(&location).to_owned();
            page = self.get(if path.is_empty() { "/" } else { &path });
        }
        page.body.contains("login/logout.php")
    }
}
