//! `[redis.NAME]`.

use super::database::is_address;
use super::draft::login;
use super::value::Reader;
use crate::diagnostic::Diagnostic;
use crate::keys;
use crate::model::{AdminLogin, Redis, RedisAddress};

/// Redis itself needs some 3 MiB before it holds anything; a machine of a terabyte has its limits too.
const MEMORY: std::ops::RangeInclusive<u32> = 16..=1_048_576;

pub(super) fn read(mut reader: Reader<'_>) -> Option<Redis> {
    let managed = reader.boolean("managed");
    let sessions_memory = reader.size("sessions_memory", MEMORY);
    let caches_memory = reader.size("caches_memory", MEMORY);
    let is_managed = managed.as_ref().is_some_and(|managed| managed.value);
    let found = match managed {
        Some(managed) if managed.value => {
            let other = ["sessions", "caches", "admin"].map(|key| reader.get(key).is_some());
            if other.contains(&true) {
                let message = "a managed redis has no `sessions`, `caches` or `admin`";
                let fault = Diagnostic::error(managed.span, message);
                reader.sink.push(fault.hint("take `managed` out to use existing instances"));
            }
            let memory = |given: Option<super::At<u32>>| given.map_or(Redis::MEMORY, |size| size.value);
            Some(Redis::Managed { sessions_mib: memory(sessions_memory), caches_mib: memory(caches_memory) })
        }
        _ => existing(&mut reader),
    };
    let sizes = ["sessions_memory", "caches_memory"].map(|key| reader.get(key));
    if let Some((_, span)) = sizes.into_iter().flatten().next().filter(|_| !is_managed) {
        let fault = Diagnostic::error(span, "only a managed redis gets its memory from the fleet file");
        reader.sink.push(fault.hint("set `maxmemory` in the configuration of the existing one"));
    }
    reader.finish();
    found
}

fn existing(reader: &mut Reader<'_>) -> Option<Redis> {
    let (has_sessions, has_caches) = (reader.get("sessions").is_some(), reader.get("caches").is_some());
    let sessions = reader.table("sessions", &keys::REDIS_ADDRESS).and_then(address);
    let caches = reader.table("caches", &keys::REDIS_ADDRESS).and_then(address);
    let has_admin = reader.get("admin").is_some();
    let admin = admin(reader);
    if !has_sessions && !has_caches && !has_admin {
        let message = "a redis is `managed`, or has `sessions`, `caches` and `admin`";
        let fault = Diagnostic::absence(reader.span.clone(), message);
        reader.sink.push(fault.hint("write `managed = true` to let Provost run one for this fleet"));
        return None;
    }
    for (key, there) in [("sessions", has_sessions), ("caches", has_caches), ("admin", has_admin)] {
        if !there {
            reader.missing(key);
        }
    }
    let (sessions, caches) = (sessions?, caches?);
    let place = |address: &RedisAddress| (address.host.clone(), address.port.unwrap_or(Redis::PORT));
    if place(&sessions) == place(&caches) {
        let message = "sessions and caches cannot share one instance";
        let fault = Diagnostic::error(reader.span.clone(), message);
        reader
            .sink
            .push(fault.hint("what is full forgets caches, and must not forget sessions: run a second one"));
        return None;
    }
    Some(Redis::Existing { sessions, caches, admin: admin? })
}

fn admin(reader: &mut Reader<'_>) -> Option<AdminLogin> {
    let mut admin = reader.table("admin", &keys::ADMIN)?;
    let user = admin.required("user");
    let password = admin.secret("password");
    if admin.get("password").is_none() {
        admin.missing("password");
    }
    admin.finish();
    login(user, password)
}

fn address(mut reader: Reader<'_>) -> Option<RedisAddress> {
    let host = reader.required("host").filter(|host| is_address(&reader, host));
    let port = reader.integer("port", 1..=65535);
    let capitals = host.as_ref().filter(|host| {
        host.value.starts_with('/') && host.value.contains(|letter: char| letter.is_ascii_uppercase())
    });
    if let Some(host) = capitals {
        let message = format!("Moodle cannot reach the socket `{}`", host.value);
        let fault = Diagnostic::error(host.span.clone(), message);
        reader.sink.push(fault.hint(
            "it writes the address of a Redis in small letters: give the socket a path without capitals",
        ));
    }
    reader.finish();
    Some(RedisAddress { host: host?.value, port: port.and_then(|port| u16::try_from(port.value).ok()) })
}
