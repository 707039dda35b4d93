//! A whole `mbz` on its way, and taken apart where it arrived.

use std::io::{self, Read, Seek, SeekFrom};

use camino::Utf8PathBuf;
use provost_moodle::mbz::{Examined, Limits, MbzError, examine};
use serde_json::json;
use tokio::runtime::Handle;

use super::helper::Helper;
use super::journey::{Had, Item, Journey};
use super::lists::read_range;
use super::thin::before;
use super::unpack::unpack;
use super::{Delivered, Side, TransportError};

/// How much of an `mbz` is read at once while it is verified.
const READ_AHEAD: u64 = 1 << 20;

/// To how many times its packed size a backup may unpack. Its XML shrinks to a twentieth and most contents hardly at all; deflate itself
/// does a thousandfold, and that is how a bomb is made.
const EXPANDS: u64 = 100;

/// To how many bytes it may in any case: a small course may well hold one large file of nothing but zeros.
const EXPANDS_TO: u64 = if cfg!(test) { 16 << 20 } else { 4 << 30 };

/// Carries it.
pub(super) async fn carry(journey: &mut Journey<'_>) -> Result<Delivered, TransportError> {
    if let Some(done) = before(journey, journey.cargo.digest.as_deref()) {
        return Ok(done);
    }
    let at = journey.cargo.at.clone();
    let answer =
        journey.origin().await?.ask(json!({"do": "digest", "path": at, "algorithm": "sha256"})).await?;
    let (Some(sha256), Some(bytes)) = (answer.text("digest").map(str::to_owned), answer.number("length"))
    else {
        return Err(TransportError::Changed(format!("`{at}` is not there")));
    };
    if journey.cargo.digest.as_ref().is_some_and(|announced| *announced != sha256) {
        return Err(TransportError::Changed("the `mbz` has another digest than was announced".to_owned()));
    }
    // What was delivered is not kept as an `mbz`, and is not brought again for that.
    if let Some(done) = before(journey, Some(&sha256)) {
        return Ok(done);
    }
    let item = Item::Archive { bytes, sha256: sha256.clone() };
    let had = journey.had(std::slice::from_ref(&item)).await?;
    if let [Had::Part(offset)] = *had.as_slice() {
        journey.check_room(bytes - offset)?;
        journey.bring(&[(item, offset)]).await?;
    }
    let examined = verified(journey, bytes).await?;
    unpack(journey, &examined).await?;
    let delivered = Delivered {
        at: journey.route.place(&journey.cargo.key),
        digest: sha256,
        structure_bytes: bytes,
        contents: examined.contents,
        content_bytes: examined.content_bytes,
        moved: journey.tally.so_far(),
    };
    journey.landing.ask(json!({"do": "finish", "carried": delivered})).await?;
    Ok(delivered)
}

/// Reads what arrived to its end, where it arrived, and believes none of it.
async fn verified(journey: &mut Journey<'_>, bytes: u64) -> Result<Examined, TransportError> {
    let place = journey.route.archive(&journey.cargo.key);
    let limits =
        Limits { unpacked_bytes: bytes.saturating_mul(EXPANDS).max(EXPANDS_TO), ..Limits::default() };
    // A process of its own, which can be given away to a thread.
    let helper = journey.route.at_landing().await?;
    let handle = Handle::current();
    let examining = tokio::task::spawn_blocking(move || {
        let mut remote =
            Remote { helper, handle, place, bytes, at: 0, ahead: Vec::new(), ahead_at: 0, broken: None };
        let examined = examine(&mut remote, &limits);
        (examined, remote.broken)
    });
    let (examined, broken) = examining
        .await
        .map_err(|error| TransportError::Broken { side: Side::Target, why: error.to_string() })?;
    if let Some(broken) = broken {
        return Err(broken);
    }
    let refused = |error: &MbzError| {
        let why = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
        TransportError::Refused(format!("{error}{why}"))
    };
    let examined = examined.map_err(|error| refused(&error))?;
    examined.whole().map_err(|error| refused(&error))?;
    if examined.contents > 0 && !examined.information.include_files {
        // Core's restore would look for them among the target's own, and give them to whoever has the owners' numbers there.
        return Err(TransportError::Refused(
            "its contents are in it, and its `moodle_backup.xml` says that they are not".to_owned(),
        ));
    }
    Ok(examined)
}

/// A file at an end, read by a thread.
struct Remote {
    helper: Helper,
    handle: Handle,
    place: Utf8PathBuf,
    bytes: u64,
    at: u64,
    ahead: Vec<u8>,
    ahead_at: u64,
    broken: Option<TransportError>,
}

impl Read for Remote {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.bytes || buffer.is_empty() {
            return Ok(0);
        }
        let within = self.at.checked_sub(self.ahead_at).and_then(|offset| usize::try_from(offset).ok());
        if within.is_none_or(|offset| offset >= self.ahead.len()) {
            let reading = read_range(&mut self.helper, &self.place, self.at, READ_AHEAD);
            match self.handle.block_on(reading) {
                Ok(ahead) => (self.ahead, self.ahead_at) = (ahead, self.at),
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.broken = Some(error);
                    return Err(told);
                }
            }
        }
        let offset = usize::try_from(self.at - self.ahead_at).unwrap_or(usize::MAX);
        let rest = self.ahead.get(offset..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Remote {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning"))?;
        Ok(self.at)
    }
}
