//! `[database.NAME]`.

use super::draft::{ServerDraft, login};
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::keys;
use crate::model::Location;

pub(super) fn read(mut reader: Reader<'_>) -> ServerDraft {
    engine(&mut reader);
    let managed = reader.boolean("managed");
    let host = reader.text("host");
    let port = reader.integer("port", 1..=65535);
    let has_admin = reader.get("admin").is_some();
    let admin = reader.table("admin", &keys::ADMIN).map(|mut admin| {
        let (user, password) = (admin.required("user"), admin.secret("password"));
        if admin.get("password").is_none() {
            admin.missing("password");
        }
        admin.finish();
        login(user, password)
    });
    let location = match (managed, host) {
        (Some(managed), host) if managed.value => {
            if host.is_some() || port.is_some() || has_admin {
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
        (_, None) => {
            let fault =
                Diagnostic::absence(reader.span.clone(), "a database server is `managed`, or has a `host`");
            reader.sink.push(fault.hint("write `managed = true` to let Provost run one for this fleet"));
            None
        }
    };
    reader.finish();
    ServerDraft { location }
}

fn engine(reader: &mut Reader<'_>) {
    let Some(engine) = reader.text("engine") else { return };
    let fault = match engine.value.as_str() {
        "postgresql" => return,
        "mariadb" => Diagnostic::error(engine.span, "MariaDB is not supported by this version yet"),
        other => Diagnostic::error(engine.span, format!("`{other}` is not a database engine")),
    };
    reader.sink.push(fault.hint("write \"postgresql\""));
}
