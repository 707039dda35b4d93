use std::convert::Infallible;

use super::*;
use crate::testing::{NO_NETWORK, Place, chain};

mod server;

use server::{Reply, Server};

/// What a server may take in tests.
const SHORT: Patience = Patience {
    connect: Duration::from_secs(5),
    silence: Duration::from_millis(300),
    slowest: 100_000,
    whole: Duration::from_secs(20),
};

fn downloads(place: &Place) -> Downloads {
    Downloads::with_patience(&place.cx, SHORT)
}

fn origin(url: &str) -> Origin {
    Origin::parse(url).unwrap()
}

/// A zip as far as a download looks.
fn zip(content: &str) -> Vec<u8> {
    [b"PK\x03\x04", content.as_bytes()].concat()
}

fn md5(bytes: &[u8]) -> Wanted {
    Wanted { md5: Some(digests(bytes).md5), sha256: None }
}

fn sha256(bytes: &[u8]) -> Wanted {
    Wanted { sha256: Some(digests(bytes).sha256), md5: None }
}

fn digests(mut bytes: &[u8]) -> crate::import::Digests {
    crate::import::Digests::read(&mut bytes, || false).unwrap().unwrap()
}

async fn fails(place: &Place, url: &str) -> String {
    let error = downloads(place).zip(&origin(url), &Wanted::default()).await.unwrap_err();
    // Nothing is left of what failed.
    let left: Vec<_> = std::fs::read_dir(place.cx.paths.cache.join("zip/by-url"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    chain(place, &error)
}

/// A message with the server's address written `SERVER`.
fn plain(server: &Server, text: &str) -> String {
    text.replace(&server.url(""), "SERVER").replace("127.0.0.1", "HOST")
}

#[tokio::test]
async fn a_zip_is_downloaded_once_and_asked_for_again_once_a_command() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip("one")).etag("\"1\""));
    let url = origin(&server.url("/x.zip?token=t0ken"));
    let first = downloads(&place);
    let one = first.zip(&url, &Wanted::default()).await.unwrap();
    assert_eq!(std::fs::read(&one.path).unwrap(), zip("one"));
    assert_eq!(one.path, place.cx.paths.cache.join(format!("zip/{}.zip", digests(&zip("one")).sha256)));
    assert_eq!(one.md5, digests(&zip("one")).md5);
    assert_eq!(plain(&server, &place.told()), "downloading SERVER/x.zip");
    // Again in the same command: not a word to the server.
    assert_eq!(first.zip(&url, &Wanted::default()).await.unwrap(), one);
    assert_eq!(server.asked(), ["GET /x.zip?token=t0ken"]);
    // In the next one, whether it has changed.
    assert_eq!(downloads(&place).zip(&url, &Wanted::default()).await.unwrap(), one);
    assert_eq!(server.asked(), ["GET /x.zip?token=t0ken if-none-match: \"1\" -> 304"]);
    assert_eq!(place.told(), "");
    // When it has, it is another zip, and the old one is still there for old locks.
    server.serve("/x.zip", Reply::ok(&zip("two")).etag("\"2\""));
    let two = downloads(&place).zip(&url, &Wanted::default()).await.unwrap();
    assert_eq!(std::fs::read(&two.path).unwrap(), zip("two"));
    server.asked();
    assert_eq!(downloads(&place).zip(&url, &sha256(&zip("one"))).await.unwrap(), one);
    assert!(server.asked().is_empty());
    // What is kept holds no token.
    let kept = std::fs::read_dir(place.cx.paths.cache.join("zip/by-url")).unwrap();
    for file in kept {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("t0ken"), "{text}");
    }
}

#[tokio::test]
async fn dates_do_where_there_are_no_tags_and_nothing_does_too() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/dated.zip", Reply::ok(&zip("a")).header("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT"));
    server.serve("/bare.zip", Reply::ok(&zip("b")));
    for path in ["/dated.zip", "/bare.zip"] {
        let url = origin(&server.url(path));
        let one = downloads(&place).zip(&url, &Wanted::default()).await.unwrap();
        assert_eq!(downloads(&place).zip(&url, &Wanted::default()).await.unwrap(), one);
    }
    assert_eq!(
        server.asked(),
        [
            "GET /dated.zip",
            "GET /dated.zip if-modified-since: Sat, 01 Jan 2000 00:00:00 GMT -> 304",
            "GET /bare.zip",
            "GET /bare.zip"
        ]
    );
}

#[tokio::test]
async fn what_the_catalogue_names_by_its_md5_is_checked_and_not_asked_for_again() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip("one")).etag("\"1\""));
    let url = origin(&server.url("/x.zip"));
    let error = downloads(&place).zip(&url, &md5(b"other")).await.unwrap_err();
    let error = plain(&server, &error.to_string());
    insta::assert_snapshot!(error, @"SERVER/x.zip is not what it should be: its md5 is c2554728cd47c7357364c3ed2ba53fbb, and 795f3202b17cb6bc3d4b771d8c6c9eaf was expected");
    assert!(!place.cx.paths.cache.join(format!("zip/{}.zip", digests(&zip("one")).sha256)).exists());
    let one = downloads(&place).zip(&url, &md5(&zip("one"))).await.unwrap();
    server.asked();
    assert_eq!(downloads(&place).zip(&url, &md5(&zip("one"))).await.unwrap(), one);
    assert!(server.asked().is_empty());
    // Another MD5 is another content: what the cache has is no answer, nor is "not changed".
    server.serve("/x.zip", Reply::ok(&zip("two")).etag("\"1\""));
    let two = downloads(&place).zip(&url, &md5(&zip("two"))).await.unwrap();
    assert_ne!(two.sha256, one.sha256);
    assert_eq!(server.asked(), ["GET /x.zip"]);
}

#[tokio::test]
async fn a_lock_that_no_longer_holds_is_said() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip("new")));
    let error =
        downloads(&place).zip(&origin(&server.url("/x.zip")), &sha256(&zip("old"))).await.unwrap_err();
    insta::assert_snapshot!(plain(&server, &error.to_string()), @"SERVER/x.zip is not what it should be: its sha256 is 065d466004577d7049a92d7c652b390e16f65ad1915bae48bd375e44520b38fb, and 8c6bc493037b3e09b4935be72bc434fbd1718f3b2e35dae438897b485507b63a was expected");
    insta::assert_snapshot!(error.hint().unwrap(), @"what lies there has changed since; `provost codebase update` takes it as it is now");
}

#[tokio::test]
async fn without_a_network_the_cache_answers() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip("one")).etag("\"1\""));
    let url = server.url("/x.zip");
    let one = downloads(&place).zip(&origin(&url), &Wanted::default()).await.unwrap();
    place.told();
    // A server in trouble, then none.
    server.serve("/x.zip", Reply::status(503));
    assert_eq!(downloads(&place).zip(&origin(&url), &Wanted::default()).await.unwrap(), one);
    insta::assert_snapshot!(plain(&server, &place.told()), @"the server says 503 Service Unavailable; taking SERVER/x.zip from the cache, downloaded just now");
    let address = server.url("");
    drop(server);
    let offline = downloads(&place);
    assert_eq!(offline.zip(&origin(&url), &Wanted::default()).await.unwrap(), one);
    assert_eq!(offline.zip(&origin(&url), &Wanted::default()).await.unwrap(), one);
    insta::assert_snapshot!(place.told().replace(&address, "SERVER"), @"no network (127.0.0.1: connection refused); taking SERVER/x.zip from the cache, downloaded just now");
    // A damaged one is none.
    std::fs::remove_file(&one.path).unwrap();
    std::fs::write(&one.path, "damaged").unwrap();
    let error = downloads(&place).zip(&origin(&url), &Wanted::default()).await.unwrap_err();
    insta::assert_snapshot!(error.to_string().replace(&address, "SERVER"), @"cannot reach 127.0.0.1 (connection refused), and the cache does not have SERVER/x.zip");
    assert!(!one.path.exists());
}

#[tokio::test]
async fn failures_are_told_apart() {
    let place = Place::new();
    let server = Server::start();
    let mut told = Vec::new();
    server.serve("/large.zip", Reply::ok(b"PK").header("Content-Length", "99999999999"));
    server.serve("/login.zip", Reply::ok(b"<html>please log in</html>"));
    server.serve("/round.zip", Reply::status(302).header("Location", "/round.zip"));
    server.serve("/lost.zip", Reply::status(302));
    server.serve("/file.zip", Reply::status(301).header("Location", "file:///etc/passwd"));
    server
        .serve("/password.zip", Reply::status(301).header("Location", "http://ann:hunter2@127.0.0.1:1/x?y"));
    server.serve("/short.zip", Reply::ok(b"PK\x03\x04").header("Content-Length", "100"));
    server.serve("/stalled.zip", Reply::ok(b"PK\x03\x04").header("Content-Length", "100").stalling());
    server.serve("/silent.zip", Reply::ok(b"").silent());
    server.serve("/slow.zip", Reply::ok(&[b'a'; 100]).dripping());
    server.serve("/rubbish.zip", Reply::raw(b"this is not HTTP\r\n\r\n"));
    server.serve("/nothing.zip", Reply::raw(b""));
    server.serve("/same.zip", Reply::status(304));
    for path in [
        "none", "large", "login", "round", "lost", "file", "password", "short", "stalled", "silent", "slow",
        "rubbish", "nothing", "same",
    ] {
        told.push(plain(&server, &fails(&place, &server.url(&format!("/{path}.zip"))).await));
    }
    told.push(fails(&place, &format!("{NO_NETWORK}/x.zip")).await);
    told.push(fails(&place, "http://no-such-host.invalid/x.zip").await);
    insta::assert_snapshot!(told.join("\n"), @r"
SERVER/none.zip cannot be downloaded: the server says 404 Not Found
SERVER/large.zip is too large: at most 256 MiB are downloaded
SERVER/login.zip cannot be downloaded: what came is no zip; it may be a page that asks for a login
SERVER/round.zip cannot be downloaded: it was led elsewhere more than 10 times
SERVER/lost.zip cannot be downloaded: it leads nowhere
SERVER/file.zip cannot be downloaded: it leads to `file:///etc/passwd`: its scheme is not one of https, http and file
SERVER/password.zip cannot be downloaded: it leads to `http://***@HOST:1/x`: it has a password or a token in it
cannot reach HOST (the connection broke off), and the cache does not have SERVER/short.zip
cannot reach HOST (operation too slow), and the cache does not have SERVER/stalled.zip
cannot reach HOST (operation too slow), and the cache does not have SERVER/silent.zip
cannot reach HOST (operation too slow), and the cache does not have SERVER/slow.zip
SERVER/rubbish.zip cannot be downloaded: protocol: http parse fail: invalid HTTP version
cannot reach HOST (the connection broke off), and the cache does not have SERVER/nothing.zip
SERVER/same.zip cannot be downloaded: the server says 304 Not Modified
cannot reach 127.0.0.1 (connection refused), and the cache does not have http://127.0.0.1:1/x.zip
cannot reach no-such-host.invalid (could not resolve host), and the cache does not have http://no-such-host.invalid/x.zip
");
}

#[tokio::test]
async fn what_is_too_large_is_stopped_by_what_really_comes() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/endless", Reply::ok(&[b'a'; 4096]).endless());
    // A bomb: ten megabytes of zeros.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![0; 10 << 20]).unwrap();
    server.serve("/bomb", Reply::ok(&bomb.finish().unwrap()).header("Content-Encoding", "gzip"));
    for path in ["/endless", "/bomb"] {
        let to = place.root.join("part");
        let url = HttpUrl::parse(&server.url(path)).unwrap();
        let ask = http::Ask { url, known: None, largest: 1 << 20, to: to.clone() };
        let error = downloads(&place).client.ask(&place.cx, ask).await.unwrap_err();
        assert!(matches!(error, DownloadError::TooLarge { .. }), "{error}");
        assert!(!to.exists());
    }
}

#[tokio::test]
async fn redirects_are_followed() {
    let place = Place::new();
    let server = Server::start();
    let other = Server::start();
    server.serve("/a/x.zip", Reply::status(302).header("Location", "../b?c"));
    server.serve("/a/../b", Reply::status(307).header("Location", &other.url("/x.zip?signature=s")));
    other.serve("/x.zip", Reply::ok(&zip("x")).etag("\"1\""));
    let url = origin(&server.url("/a/x.zip"));
    let zip = downloads(&place).zip(&url, &Wanted::default()).await.unwrap();
    assert_eq!(downloads(&place).zip(&url, &Wanted::default()).await.unwrap(), zip);
    assert_eq!(
        other.asked(),
        ["GET /x.zip?signature=s", "GET /x.zip?signature=s if-none-match: \"1\" -> 304"]
    );
}

#[tokio::test]
async fn a_cancelled_download_ends_at_once() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(b"PK\x03\x04").header("Content-Length", "100").stalling());
    let downloads = Downloads::new(&place.cx);
    let url = origin(&server.url("/x.zip"));
    let cancel = place.cx.cancel.clone();
    let task = tokio::spawn(async move { downloads.zip(&url, &Wanted::default()).await });
    while server.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = std::time::Instant::now();
    cancel.cancel();
    assert!(task.await.unwrap().unwrap_err().is_cancelled());
    // The stalled read itself would be given a minute.
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn the_proxy_is_the_chosen_one() {
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip("x")));
    let proxy = Server::start_proxy();
    let place = Place::with_environment(&[("http_proxy", &proxy.url("")), ("no_proxy", "localhost")]);
    downloads(&place).zip(&origin(&server.url("/x.zip")), &Wanted::default()).await.unwrap();
    assert_eq!(proxy.asked(), [format!("CONNECT {}", server.address())]);
    let direct = server.url("/x.zip").replace("127.0.0.1", "localhost");
    downloads(&place).zip(&origin(&direct), &Wanted::default()).await.unwrap();
    assert!(proxy.asked().is_empty());
    // One that is not there, and one that is none.
    let place = Place::with_environment(&[("all_proxy", "socks5h://127.0.0.1:1")]);
    insta::assert_snapshot!(plain(&server, &fails(&place, &server.url("/x.zip")).await), @"cannot reach HOST (connection refused, by way of the proxy HOST:1), and the cache does not have SERVER/x.zip");
    let place = Place::with_environment(&[("http_proxy", "http://ann:hunter2@")]);
    insta::assert_snapshot!(fails(&place, &server.url("/x.zip")).await, @"the environment variable http_proxy names no proxy that can be used");
}

#[tokio::test]
async fn a_file_of_this_machine_is_used_where_it_lies() {
    let place = Place::new();
    let path = place.root.join("a b.zip");
    std::fs::write(&path, zip("x")).unwrap();
    let url = origin(&format!("file://{}", path.as_str().replace(' ', "%20")));
    let read = downloads(&place).zip(&url, &Wanted::default()).await.unwrap();
    assert_eq!((read.path.as_path(), read.sha256), (path.as_path(), digests(&zip("x")).sha256));
    let error = downloads(&place).zip(&url, &sha256(b"y")).await.unwrap_err();
    assert!(matches!(error, DownloadError::OtherContent { digest: "sha256", .. }));
    let none = origin(place.root.join("none.zip").as_str());
    let error = downloads(&place).zip(&none, &Wanted::default()).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"cannot read `ROOT/none.zip`: No such file or directory (os error 2)");
}

#[tokio::test]
async fn downloads_at_once_do_not_disturb_each_other() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/x.zip", Reply::ok(&zip(&"x".repeat(1 << 20))).etag("\"1\""));
    let url = origin(&server.url("/x.zip"));
    let (all, one) = (downloads(&place), downloads(&place));
    let tasks: Vec<_> = [all.clone(), all.clone(), all, one]
        .into_iter()
        .map(|downloads| {
            let url = url.clone();
            tokio::spawn(async move { downloads.zip(&url, &Wanted::default()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(std::fs::metadata(task.await.unwrap().path).unwrap().len(), (1 << 20) + 4);
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
}

fn lines(bytes: &[u8]) -> Result<usize, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    if text.starts_with("catalogue\n") { Ok(text.lines().count()) } else { Err("it has no head".to_owned()) }
}

fn set_age(path: &Utf8Path, age: Duration) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - age).unwrap();
}

#[tokio::test]
async fn the_catalogue_is_good_for_a_day() {
    let place = Place::new();
    let server = Server::start();
    server.serve("/pluglist.php", Reply::ok(b"catalogue\na\n").etag("\"1\""));
    let url = origin(&server.url("/pluglist.php"));
    let get = async || downloads(&place).catalogue(&url, lines).await;
    let first = get().await.unwrap();
    assert_eq!((first.content, first.age), (2, Some(Duration::ZERO)));
    assert!(first.path.starts_with(place.cx.paths.cache.join("catalogue")), "{}", first.path);
    assert_eq!(get().await.unwrap().content, 2);
    assert_eq!(server.asked(), ["GET /pluglist.php"]);
    // After a day it is asked for, and good for another one if it has not changed.
    set_age(&first.path, Duration::from_hours(25));
    assert_eq!(get().await.unwrap().content, 2);
    assert_eq!(server.asked(), ["GET /pluglist.php if-none-match: \"1\" -> 304"]);
    get().await.unwrap();
    assert!(server.asked().is_empty());
    // A time in the future is no reason to wait for it.
    let file = std::fs::File::options().append(true).open(&first.path).unwrap();
    file.set_modified(std::time::SystemTime::now() + Duration::from_hours(1000)).unwrap();
    server.serve("/pluglist.php", Reply::ok(b"catalogue\na\nb\n").etag("\"2\""));
    assert_eq!(get().await.unwrap().content, 3);
    // One that was changed here is not taken for the server's.
    std::fs::write(&first.path, "catalogue\n").unwrap();
    set_age(&first.path, Duration::from_hours(25));
    server.asked();
    assert_eq!(get().await.unwrap().content, 3);
    assert_eq!(server.asked(), ["GET /pluglist.php"]);
}

#[tokio::test]
async fn a_broken_catalogue_never_replaces_a_good_one() {
    let place = Place::new();
    let server = Server::start();
    let url = origin(&server.url("/pluglist.php"));
    let get = async || downloads(&place).catalogue(&url, lines).await;
    let fails = async || {
        let error = get().await.unwrap_err();
        plain(&server, &chain(&place, &error))
    };
    insta::assert_snapshot!(fails().await, @"SERVER/pluglist.php cannot be downloaded: the server says 404 Not Found");
    server.serve("/pluglist.php", Reply::ok(b"<html>"));
    insta::assert_snapshot!(fails().await, @"SERVER/pluglist.php cannot be downloaded: it is no catalogue of plugins: it has no head");
    server.serve("/pluglist.php", Reply::ok(b"catalogue\na\n"));
    let path = get().await.unwrap().path;
    place.told();

    let mut told = Vec::new();
    for reply in [
        Reply::ok(b"<html>"),
        Reply::ok(b"catalogue\na\nb\n").header("Content-Length", "1000"),
        Reply::status(404),
        Reply::status(500),
        Reply::ok(b"").silent(),
    ] {
        set_age(&path, Duration::from_hours(24 * 9));
        server.serve("/pluglist.php", reply);
        let old = get().await.unwrap();
        assert_eq!((old.content, old.age.unwrap().as_secs() / 3600), (2, 24 * 9));
        told.push(plain(&server, &place.told()).lines().last().unwrap().to_owned());
    }
    insta::assert_snapshot!(told.join("\n"), @r"
SERVER/pluglist.php cannot be downloaded: it is no catalogue of plugins: it has no head; taking the catalogue of plugins from the cache, downloaded 9 days ago
no network (HOST: the connection broke off); taking the catalogue of plugins from the cache, downloaded 9 days ago
the server says 404 Not Found; taking the catalogue of plugins from the cache, downloaded 9 days ago
the server says 500 Internal Server Error; taking the catalogue of plugins from the cache, downloaded 9 days ago
no network (HOST: operation too slow); taking the catalogue of plugins from the cache, downloaded 9 days ago
");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 3);
}

#[tokio::test]
async fn a_catalogue_of_this_machine_is_what_it_is() {
    let place = Place::new();
    let path = place.root.join("pluglist.json");
    std::fs::write(&path, "catalogue\n").unwrap();
    let read = downloads(&place).catalogue(&origin(path.as_str()), lines).await.unwrap();
    assert_eq!((read.content, read.age), (1, None));
    let any = |_: &[u8]| Ok::<_, Infallible>(());
    let error = downloads(&place).catalogue(&origin("/none/pluglist.json"), any).await.unwrap_err();
    insta::assert_snapshot!(chain(&place, &error), @"cannot read `/none/pluglist.json`: No such file or directory (os error 2)");
}

/// With a certificate of our own, made by openssl, and its server. Trusted only when it is named.
#[tokio::test]
async fn https_is_checked_by_the_named_certificates() {
    let place = Place::new();
    let Some(server) = server::Secure::start(&place.root) else {
        // No openssl on this machine.
        return;
    };
    let url = origin(&server.url("/x.zip"));
    let authority = place.root.join("authority.pem");
    let trusting = Place::with_environment(&[("SSL_CERT_FILE", authority.as_str())]);
    let zip = downloads(&trusting).zip(&url, &Wanted::default()).await.unwrap();
    assert_eq!(std::fs::read(zip.path).unwrap(), b"PK\x03\x04secure");
    let directory = place.root.join("certificates");
    std::fs::create_dir(&directory).unwrap();
    std::fs::copy(&authority, directory.join("one.pem")).unwrap();
    let trusting = Place::with_environment(&[("SSL_CERT_DIR", directory.as_str())]);
    downloads(&trusting).zip(&url, &Wanted::default()).await.unwrap();
    let stranger = Place::with_environment(&[("SSL_CERT_FILE", place.root.join("other.pem").as_str())]);
    insta::assert_snapshot!(fails(&stranger, &server.url("/x.zip")).await.replace(&server.url(""), "SERVER"), @"SERVER/x.zip cannot be downloaded: the connection cannot be trusted: invalid peer certificate: UnknownIssuer");
    let empty = Place::with_environment(&[("SSL_CERT_FILE", "/none")]);
    insta::assert_snapshot!(fails(&empty, &server.url("/x.zip")).await, @"the machine has no root certificates, so that no https server can be trusted (looked for /none)");
}
