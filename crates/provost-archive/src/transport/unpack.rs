//! Taking an `mbz` apart where it arrived.
//!
//! It was read to its end before: of each file it is known where it lies in what the gzip unpacks to, how long it is and what digest it
//! has. The target takes it from there, looks whether it has that digest, and only then gives it its name. It reads no header of the
//! archive, so nothing in an archive says where anything is written.

use std::collections::{BTreeMap, BTreeSet};

use provost_moodle::mbz::{Examined, Packed, StructureFile};
use serde_json::{Value, json};

use super::journey::Journey;
use super::thin::{ASKED, list};
use super::{Side, TransportError};

/// Bytes that are taken out between two answers: an end may be silent only so long, and a slow disk writes a megabyte in a second.
const AT_ONCE: u64 = 256 << 20;

/// Takes it apart. What was taken out before, and is right, is not written again.
pub(super) async fn unpack(journey: &mut Journey<'_>, examined: &Examined) -> Result<(), TransportError> {
    if examined.packed.is_empty() {
        return Err(TransportError::Refused("it is a zip: whole backups come as a tar of gzip".to_owned()));
    }
    let digests: BTreeMap<&str, &str> =
        examined.structure.iter().map(|file| (file.path.as_str(), file.sha256.as_str())).collect();
    let expected: BTreeSet<&StructureFile> = examined.structure.iter().collect();
    for attempt in 0..2 {
        let mut left = Vec::new();
        for some in examined.packed.chunks(ASKED) {
            left.extend(lacking(journey, some, &digests).await?);
        }
        journey.check_room(left.iter().map(|packed| packed.bytes).sum())?;
        for some in batches(&left) {
            let items: Vec<Value> = some.iter().map(|packed| told(packed, &digests)).collect();
            journey.landing.ask(json!({"do": "unpack", "items": items})).await?;
        }
        let came = list(&mut journey.landing, json!({"do": "came"})).await?;
        if came.iter().collect::<BTreeSet<_>>() == expected {
            return Ok(());
        }
        // Of an earlier backup of the unit there may be files that this one has not.
        if attempt == 0 {
            journey.landing.ask(json!({"do": "anew", "keep": true})).await?;
        }
    }
    let why = "what was taken out of the `mbz` is not what is in it".to_owned();
    Err(TransportError::Broken { side: Side::Target, why })
}

/// Files that the target has not taken out yet.
async fn lacking<'p>(
    journey: &mut Journey<'_>,
    some: &'p [Packed],
    digests: &BTreeMap<&str, &str>,
) -> Result<Vec<&'p Packed>, TransportError> {
    let items: Vec<Value> = some.iter().map(|packed| told(packed, digests)).collect();
    let answer = journey.landing.ask(json!({"do": "have", "items": items})).await?;
    journey.free = answer.number("free").unwrap_or(0);
    let states = answer.head.get("states").and_then(Value::as_array);
    let states = states.filter(|states| states.len() == some.len());
    let states = states.ok_or_else(|| journey.landing.nonsense("states"))?;
    let whole = |state: &Value| state.get("state").and_then(Value::as_str) == Some("whole");
    Ok(some.iter().zip(states).filter(|(_, state)| !whole(state)).map(|(packed, _)| packed).collect())
}

/// A file as the target is told of it. What is no structure is a content, whose name is its SHA-1.
fn told(packed: &Packed, digests: &BTreeMap<&str, &str>) -> Value {
    let Packed { path, bytes, offset } = packed;
    let name = path.rsplit('/').next();
    let (algorithm, digest) = digests.get(path.as_str()).map_or(("sha1", name), |sum| ("sha256", Some(*sum)));
    json!({"path": path, "length": bytes, "offset": offset, algorithm: digest})
}

/// In pieces of so many files and so many bytes.
fn batches<'a, 'p>(left: &'a [&'p Packed]) -> impl Iterator<Item = &'a [&'p Packed]> {
    let mut rest = left;
    std::iter::from_fn(move || {
        let mut bytes = 0_u64;
        let fit = rest.iter().take(ASKED).take_while(|packed| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(packed.bytes.max(1));
            first || bytes <= AT_ONCE
        });
        let (batch, after) = rest.split_at(fit.count());
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_of_so_many_bytes_or_of_one_file() {
        let packed = |bytes| Packed { path: "x".to_owned(), bytes, offset: 0 };
        let all = [0, 1, AT_ONCE, 2 * AT_ONCE, 5, AT_ONCE - 5, 1].map(packed);
        let left: Vec<&Packed> = all.iter().collect();
        let lengths: Vec<usize> = batches(&left).map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 2, 1]);
        let small = packed(1);
        let many = vec![&small; ASKED + 1];
        assert_eq!(batches(&many).map(<[_]>::len).collect::<Vec<_>>(), [ASKED, 1]);
        assert_eq!(batches(&[]).count(), 0);
    }
}
