//! `[web]`.

use std::net::{IpAddr, SocketAddr};

use toml::de::DeValue;

use super::At;
use super::draft::WebDraft;
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::keys;
use crate::model::Tls;
use crate::reference::absolute;

pub(super) fn read(mut reader: Reader<'_>) -> WebDraft {
    let listen = listen(&mut reader);
    let tls = tls(&mut reader);
    let trusted = reader.texts("trusted_proxies");
    let trusted_proxies = trusted.into_iter().filter_map(|text| network(&reader, text)).collect();
    reader.finish();
    WebDraft { listen, tls, trusted_proxies }
}

fn listen(reader: &mut Reader<'_>) -> Vec<At<SocketAddr>> {
    let texts = match reader.get("listen") {
        Some((DeValue::Array(list), span)) if list.is_empty() => {
            reader.sink.push(Diagnostic::error(span, "`listen` has at least one address"));
            Vec::new()
        }
        Some((DeValue::String(text), span)) => vec![At::new(text.to_string(), span)],
        _ => reader.texts("listen"),
    };
    let each = texts.into_iter().filter_map(|text| match text.value.parse::<SocketAddr>() {
        Ok(address) if address.port() > 0 => Some(At::new(address, text.span)),
        _ => {
            let fault =
                Diagnostic::error(text.span, format!("`{}` is not an address with a port", text.value));
            reader.sink.push(fault.hint("write it like \"127.0.0.1:8080\" or \"0.0.0.0:80\""));
            None
        }
    });
    let addresses: Vec<At<SocketAddr>> = each.collect();
    twice(reader, &addresses);
    addresses
}

/// nginx does not start with one address given twice.
fn twice(reader: &Reader<'_>, addresses: &[At<SocketAddr>]) {
    for (at, one) in addresses.iter().enumerate() {
        if let Some(before) = addresses[..at].iter().find(|before| before.value == one.value) {
            let fault = Diagnostic::error(one.span.clone(), format!("`{}` stands here twice", one.value));
            reader.sink.push(fault.label("used again").other(before.span.clone(), "first used here"));
        }
    }
}

fn tls(reader: &mut Reader<'_>) -> Option<At<Tls>> {
    let (value, span) = reader.get("tls")?;
    if let DeValue::String(text) = value {
        return match text.as_ref() {
            "off" => Some(At::new(Tls::Off, span)),
            "upstream" => Some(At::new(Tls::Upstream, span)),
            _ => {
                let fault = Diagnostic::error(span, format!("`{text}` is not a way to do TLS"));
                reader
                    .sink
                    .push(fault.hint("write \"off\", \"upstream\", or { certificate = \"…\", key = \"…\" }"));
                None
            }
        };
    }
    let mut files = reader.table("tls", &keys::TLS)?;
    let certificate =
        files.required("certificate").and_then(|text| absolute(files.sink, "certificate", text));
    let key = files.required("key").and_then(|text| absolute(files.sink, "key", text));
    files.finish();
    Some(At::new(Tls::Files { certificate: certificate?.value, key: key?.value }, span))
}

/// An address or a network (`10.0.0.0/8`), as nginx's `set_real_ip_from` takes it.
fn network(reader: &Reader<'_>, text: At<String>) -> Option<String> {
    let (address, bits) = match text.value.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text.value.as_str(), None),
    };
    let fits = address.parse::<IpAddr>().is_ok_and(|address| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        bits.is_none_or(|bits| !bits.starts_with('+') && bits.parse::<u8>().is_ok_and(|bits| bits <= most))
    });
    if fits {
        return Some(text.value);
    }
    let message = format!("`{}` is neither an address nor a network", text.value);
    reader
        .sink
        .push(Diagnostic::error(text.span, message).hint("write it like \"10.0.0.1\" or \"10.0.0.0/8\""));
    None
}
