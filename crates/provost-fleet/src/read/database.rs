//! `[database.NAME]`.

use std::net::IpAddr;

use super::At;
use super::draft::{ServerDraft, login};
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::keys;
use crate::model::{Engine, Location};
use crate::url::is_host;

pub(super) fn read(mut reader: Reader<'_>) -> ServerDraft {
    let engine = engine(&mut reader);
    let managed = reader.boolean("managed");
    let host = reader.text("host").filter(|host| is_address(&reader, host));
    let has_host = reader.get("host").is_some();
    let port = reader.integer("port", 1..=65535);
    let has_admin = reader.get("admin").is_some();
    let admin = reader.table("admin", &keys::ADMIN).map(|mut admin| {
        let user = admin.required("user").filter(|user| is_role(&admin, user));
        let password = admin.secret("password");
        if admin.get("password").is_none() {
            admin.missing("password");
        }
        admin.finish();
        login(user, password)
    });
    let location = match (managed, host) {
        (Some(managed), _) if managed.value => {
            if has_host || port.is_some() || has_admin {
                let fault =
                    Diagnostic::error(managed.span, "a managed server has no `host`, `port` or `admin`");
                reader.sink.push(fault.hint("take `managed` out to use an existing server"));
            }
            Some(Location::Managed)
        }
        (_, Some(host)) => {
            if !has_admin {
                reader.missing("admin");
            }
            let port = port.and_then(|port| u16::try_from(port.value).ok());
            admin.flatten().map(|admin| Location::Existing { host: host.value, port, admin })
        }
        (_, None) if has_host => None,
        (_, None) => {
            let fault =
                Diagnostic::absence(reader.span.clone(), "a database server is `managed`, or has a `host`");
            reader.sink.push(fault.hint("write `managed = true` to let Provost run one for this fleet"));
            None
        }
    };
    reader.finish();
    ServerDraft { engine, location }
}

/// A host name, an address, or the absolute directory of a socket.
pub(super) fn is_address(reader: &Reader<'_>, host: &At<String>) -> bool {
    let text = host.value.as_str();
    let fits = if text.starts_with('/') {
        !text.chars().any(char::is_control)
    } else {
        text.parse::<IpAddr>().is_ok() || is_host(&text.to_ascii_lowercase())
    };
    if !fits {
        let fault = Diagnostic::error(host.span.clone(), format!("`{text}` is not a host"));
        reader
            .sink
            .push(fault.hint("write a host name, an address, or the absolute directory of a Unix socket"));
    }
    fits
}

fn is_role(reader: &Reader<'_>, user: &At<String>) -> bool {
    let fits = (1..=63).contains(&user.value.len()) && !user.value.chars().any(char::is_control);
    if !fits {
        reader.sink.push(Diagnostic::error(user.span.clone(), "a role's name has 1 to 63 bytes on one line"));
    }
    fits
}

/// PostgreSQL where nothing is said, or nothing that is known.
fn engine(reader: &mut Reader<'_>) -> Engine {
    let Some(named) = reader.text("engine") else { return Engine::Postgresql };
    let known = Engine::ALL.into_iter().find(|engine| engine.key() == named.value);
    if known.is_none() {
        let fault = Diagnostic::error(named.span, format!("`{}` is not a database engine", named.value));
        reader.sink.push(fault.hint("write \"postgresql\" or \"mariadb\""));
    }
    known.unwrap_or(Engine::Postgresql)
}
