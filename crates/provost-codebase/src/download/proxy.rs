//! Which proxy leads to a host, by the variables that every program knows.

use std::collections::BTreeMap;

use ureq::Proxy;

use super::{DownloadError, HttpUrl};

/// The proxy for a URL. `http` proxies are asked for a tunnel (`CONNECT`), for `http` URLs too.
pub(super) fn proxy(
    environment: &BTreeMap<String, String>,
    url: &HttpUrl,
) -> Result<Option<Proxy>, DownloadError> {
    let get = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let without = get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default();
    if is_without(without, url) {
        return Ok(None);
    }
    // The small letters first, as curl does, and with it git.
    let own = if url.is_secure() { ["https_proxy", "HTTPS_PROXY"] } else { ["http_proxy", "HTTP_PROXY"] };
    let names = own.into_iter().chain(["all_proxy", "ALL_PROXY"]);
    let Some((name, value)) = names.into_iter().find_map(|name| Some((name, get(name)?))) else {
        return Ok(None);
    };
    // curl's word for a SOCKS proxy that resolves names itself, as ours always do.
    let value = value.replacen("socks5h://", "socks5://", 1);
    Proxy::new(&value).map(Some).map_err(|_| DownloadError::Proxy(name.to_owned()))
}

/// Whether `no_proxy` names a host: itself or a domain that it is in, with or without a port; `*` is every host.
fn is_without(list: &str, url: &HttpUrl) -> bool {
    let host = url.host().trim_matches(['[', ']']);
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (entry, port) = match entry.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') => (name.to_owned(), port.parse::<u16>().ok()),
            _ => (entry, None),
        };
        let entry = entry.trim_start_matches('*').trim_start_matches('.').trim_matches(['[', ']']);
        let below = || host.strip_suffix(entry).is_some_and(|before| before.ends_with('.'));
        (entry.is_empty() || host == entry || below()) && port.is_none_or(|port| port == url.port())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let url = HttpUrl::parse(url).unwrap();
        match proxy(&environment.collect(), &url) {
            Ok(found) => found.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn the_right_variable_counts() {
        let all = [("https_proxy", "http://s:1"), ("HTTP_PROXY", "p:2"), ("ALL_PROXY", "socks5h://a:3")];
        assert_eq!(chosen(&all, "https://h/").as_deref(), Some("s:1"));
        assert_eq!(chosen(&all, "http://h/").as_deref(), Some("p:2"));
        assert_eq!(chosen(&all[2..], "http://h/").as_deref(), Some("a:3"));
        assert_eq!(chosen(&[("http_proxy", "")], "http://h/"), None);
        assert_eq!(
            chosen(&[("http_proxy", "http://ann:hunter2@")], "http://h/").as_deref(),
            Some("the environment variable http_proxy names no proxy that can be used")
        );
    }

    #[test]
    fn hosts_without_a_proxy_are_known() {
        let direct =
            |without: &str, url: &str| chosen(&[("http_proxy", "p:1"), ("no_proxy", without)], url).is_none();
        assert!(direct("localhost, example.org", "http://example.org/"));
        assert!(direct("example.org", "http://A.Example.org/"));
        assert!(direct(".example.org", "http://a.example.org/"));
        assert!(direct("*.example.org:81", "http://a.example.org:81/"));
        assert!(direct("*", "http://h/"));
        assert!(direct("::1", "http://[::1]:80/"));
        assert!(!direct("example.org", "http://badexample.org/"));
        assert!(!direct("example.org:81", "http://example.org/"));
        assert!(!direct(", ,", "http://example.org/"));
    }
}
