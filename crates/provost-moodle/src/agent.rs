//! The protocol between Provost and the PHP process (the *agent*) through which it uses a site's own APIs.
//!
//! Moodle prints to standard output by itself, so frames are marked: a frame is `LF RS json LF`, with `RS` = 0x1E, and
//! everything else on standard output or standard error is log text. The JSON is one object whose `type` says which
//! [`crate::agent::Frame`] it is:
//!
//! ```text
//! → {"type":"hello","protocol":1,"site":…,"token":…}
//! ← {"type":"ready","protocol":1,"agent":…,"moodle":…,"build":…,"php":…,"pid":…,"operations":[…],"state":"ok"}
//! → {"type":"request","id":1,"operation":"settings.set","params":{…},"deadline_s":60,"retry":"never"}
//! ← {"type":"progress","id":1,"done":3,"total":10,"note":"…"}
//! ← {"type":"result","id":1,"ok":{…},"effects":[…],"peak_bytes":…,"db_reads":…,"db_writes":…}
//! ← {"type":"result","id":1,"error":{"kind":…,"message":…,"debug":…,"hint":…}}
//! → {"type":"bye"}
//! ```
//!
//! Secrets travel in `params` and `token`; `Debug` shows neither.

mod decoder;
mod frames;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, FrameError, Item};
pub use frames::{Failure, Frame, Hello, Outcome, Progress, Ready, Request, Retry, SiteState};

/// The version of the protocol that both sides must name.
pub const PROTOCOL: u32 = 1;

/// The longest frame's JSON, in bytes: enough for every setting of a large site at once, little enough to hold.
pub const LONGEST_FRAME: usize = 8 << 20;

/// The longest piece of log text in one [`Item::Log`], in bytes; a longer line comes in several.
pub const LONGEST_LOG: usize = 8 << 10;

/// The byte that marks a frame at the beginning of a line.
pub const RECORD_SEPARATOR: u8 = 0x1e;

/// Writes a frame as it goes over the pipe. An error means that it would be too long.
pub fn encode(frame: &Frame) -> Result<Vec<u8>, FrameError> {
    // JSON writes control characters in strings as escapes, so neither LF nor RS can be in it.
    let json = frames::to_json(frame)?;
    if json.len() > LONGEST_FRAME {
        return Err(FrameError::TooLong);
    }
    Ok([b"\n\x1e", json.as_bytes(), b"\n"].concat())
}
