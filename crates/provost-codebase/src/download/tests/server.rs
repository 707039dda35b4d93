//! Servers for tests: small, on a port of their own, and as badly behaved as they are told.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use camino::Utf8Path;

/// What a server answers.
#[derive(Clone)]
pub(super) struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    manner: Manner,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Plain,
    /// Sends the body and then nothing, without an end.
    Stalling,
    /// Sends nothing at all.
    Silent,
    /// Sends a byte now and then.
    Dripping,
    /// Sends the body again and again.
    Endless,
    /// Sends the body and nothing before it.
    Raw,
}

impl Reply {
    pub(super) fn ok(body: &[u8]) -> Self {
        Self { status: 200, headers: BTreeMap::new(), body: body.to_vec(), manner: Manner::Plain }
    }

    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::ok(b"") }
    }

    pub(super) fn raw(body: &[u8]) -> Self {
        Self { manner: Manner::Raw, ..Self::ok(body) }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn etag(self, tag: &str) -> Self {
        self.header("ETag", tag)
    }

    pub(super) fn stalling(self) -> Self {
        Self { manner: Manner::Stalling, ..self }
    }

    pub(super) fn silent(self) -> Self {
        Self { manner: Manner::Silent, ..self }
    }

    pub(super) fn dripping(self) -> Self {
        Self { manner: Manner::Dripping, ..self }
    }

    pub(super) fn endless(self) -> Self {
        Self { manner: Manner::Endless, ..self }
    }
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<String>>,
    stop: AtomicBool,
}

/// A server on a port of its own. Ends when it is dropped.
pub(super) struct Server {
    address: String,
    state: Arc<State>,
}

impl Server {
    pub(super) fn start() -> Self {
        Self::with(answer)
    }

    /// A proxy that makes tunnels.
    pub(super) fn start_proxy() -> Self {
        Self::with(tunnel)
    }

    fn with(handle: fn(&State, TcpStream) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&shared);
                // Whoever hangs up on us has a reason.
                std::thread::spawn(move || drop(handle(&shared, stream.unwrap())));
            }
        });
        Self { address, state }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn serve(&self, path: &str, reply: Reply) {
        self.state.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        // Wakes the listener, so that its port is given back.
        drop(TcpStream::connect(&self.address));
        while TcpStream::connect(&self.address).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Reads a request: its first line's method and path, and its headers.
fn request(stream: &TcpStream) -> std::io::Result<(String, String, HashMap<String, String>)> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            return Ok((method, path, headers));
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }
}

fn answer(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    let (method, path, headers) = request(&stream)?;
    if method.is_empty() {
        return Ok(());
    }
    let plain = path.split('?').next().unwrap_or_default();
    let reply = state.replies.lock().unwrap().get(plain).cloned().unwrap_or_else(|| Reply::status(404));
    let mut line = format!("{method} {path}");
    let mut same = false;
    for (asks, has) in [("if-none-match", "ETag"), ("if-modified-since", "Last-Modified")] {
        if let Some(value) = headers.get(asks) {
            line.push_str(&format!(" {asks}: {value}"));
            same |= reply.headers.get(has) == Some(value);
        }
    }
    if same {
        line.push_str(" -> 304");
    }
    state.asked.lock().unwrap().push(line);
    let status = if same { 304 } else { reply.status };
    match reply.manner {
        Manner::Raw => return stream.write_all(&reply.body),
        Manner::Silent => {
            wait(state);
            return Ok(());
        }
        _ => {}
    }
    let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.manner == Manner::Plain && !reply.headers.contains_key("Content-Length") && status != 304 {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    match reply.manner {
        _ if status == 304 => Ok(()),
        Manner::Dripping => {
            for byte in reply.body {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Manner::Endless => loop {
            stream.write_all(&reply.body)?;
        },
        Manner::Stalling => {
            stream.write_all(&reply.body)?;
            wait(state);
            Ok(())
        }
        _ => stream.write_all(&reply.body),
    }
}

/// Keeps the connection without a word.
fn wait(state: &State) {
    for _ in 0..1000 {
        if state.stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn tunnel(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    let (method, target, _) = request(&stream)?;
    state.asked.lock().unwrap().push(format!("{method} {target}"));
    let mut other = TcpStream::connect(&target)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from, mut to) = (stream.try_clone()?, other.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut other, &mut stream)?;
    Ok(())
}

/// `openssl s_server` with a certificate of an authority of its own.
pub(super) struct Secure {
    child: Child,
    port: u16,
}

impl Secure {
    /// Makes `authority.pem`, and `other.pem` that has nothing to do with it; `None` without openssl.
    pub(super) fn start(at: &Utf8Path) -> Option<Self> {
        Command::new("openssl").arg("version").output().ok()?;
        let run = |line: &str| {
            let output = Command::new("openssl").args(line.split(' ')).current_dir(at).output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        };
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        for name in ["authority", "other"] {
            run(&format!("{new} -subj /CN={name} -keyout {name}.key -out {name}.pem"));
        }
        run(&format!(
            "{new} -subj /CN=server -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -CA \
             authority.pem -CAkey authority.key -keyout server.key -out server.pem"
        ));
        std::fs::write(at.join("x.zip"), b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nPK\x03\x04secure")
            .unwrap();
        // A port that was free a moment ago: openssl does not tell which it took.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-HTTP", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-cert", "server.pem", "-key", "server.key"])
            .current_dir(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let secure = Self { child, port };
        for _ in 0..500 {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
                drop(stream.shutdown(std::net::Shutdown::Write));
                drop(stream.read(&mut [0]));
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(secure)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
