//! A thin backup on its way: structure first, then the contents that the target has not got.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use provost_moodle::mbz::{
    Content, FilesXml, Information, Limits, StructureFile, checked_path, is_structure, structure_digest,
    with_files_included,
};
use serde_json::{Value, json};

use super::helper::Helper;
use super::journey::{Had, Item, Journey};
use super::lists::read_back;
use super::wire::PIECE;
use super::{Delivered, Side, TransportError};

/// Files that the target is asked about at once.
pub(super) const ASKED: usize = 1000;

/// Contents that are ours to bring at once: another unit that wants one of them waits for no more than these, and each is an open file.
const HELD: usize = 200;

/// Hashes in one message.
const WANTED: usize = 20_000;

/// How often we look whether what another process is bringing has come.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// How long we look before we say so: a content of many gigabytes over a slow line.
const LONGEST_WAIT: Duration = Duration::from_hours(2);

/// The most bytes of an XML file that is kept in memory: `files.xml` has some 800 for each file.
const LONGEST_XML: u64 = 1 << 30;

/// Carries it.
pub(super) async fn carry(journey: &mut Journey<'_>) -> Result<Delivered, TransportError> {
    if let Some(done) = before(journey, journey.cargo.digest.as_deref()) {
        return Ok(done);
    }
    let at = journey.cargo.at.clone();
    let structure = list(journey.origin().await?, json!({"do": "list", "root": at})).await?;
    let digest = structure_digest(&structure);
    if journey.cargo.digest.as_ref().is_some_and(|announced| *announced != digest) {
        return Err(TransportError::Changed(
            "its structure has another digest than was announced".to_owned(),
        ));
    }
    if let Some(done) = before(journey, Some(&digest)) {
        return Ok(done);
    }
    bring_structure(journey, &structure).await?;
    let place = staged(journey, "files.xml");
    let xml = read_back(&mut journey.landing, &place, LONGEST_XML).await?;
    let limits = Limits::default();
    journey.files = FilesXml::read(xml.as_slice(), &limits).map_err(|error| refused(&error))?;
    let place = staged(journey, "moodle_backup.xml");
    let main = read_back(&mut journey.landing, &place, limits.information_bytes).await?;
    Information::read(main.as_slice()).map_err(|error| refused(&error))?;
    let main = String::from_utf8(main).ok().and_then(|text| with_files_included(&text));
    let main = main.ok_or_else(|| {
        TransportError::Refused("its `moodle_backup.xml` has no `include_files`".to_owned())
    })?;
    let contents = journey.files.list();
    want(&mut journey.landing, &contents).await?;
    bring_contents(journey, contents.clone()).await?;
    let delivered = Delivered {
        at: journey.route.place(&journey.cargo.key),
        digest,
        structure_bytes: structure.iter().map(|file| file.bytes).sum(),
        contents: contents.len() as u64,
        content_bytes: contents.iter().map(|content| content.bytes).sum(),
        moved: journey.tally.so_far(),
    };
    finish(journey, &delivered, &main).await?;
    Ok(delivered)
}

/// What was delivered before, if it is what is to be delivered.
pub(super) fn before(journey: &Journey<'_>, digest: Option<&str>) -> Option<Delivered> {
    let mut done: Delivered = serde_json::from_value(journey.carried.clone()).ok()?;
    if done.digest != digest? || done.at != journey.route.place(&journey.cargo.key) {
        return None;
    }
    done.moved = journey.tally.so_far();
    Some(done)
}

fn staged(journey: &Journey<'_>, path: &str) -> camino::Utf8PathBuf {
    journey.route.place(&journey.cargo.key).join(path)
}

fn refused(error: &provost_moodle::mbz::MbzError) -> TransportError {
    TransportError::Refused(error.to_string())
}

/// Asks an end for the structure of a backup, and believes no path of it.
pub(super) async fn list(helper: &mut Helper, request: Value) -> Result<Vec<StructureFile>, TransportError> {
    let most = Limits::default().entries;
    let mut files = Vec::new();
    helper.send(request, &[]).await?;
    loop {
        let answer = helper.answer().await?;
        let page = answer.head.get("files").and_then(Value::as_array);
        for entry in page.ok_or_else(|| helper.nonsense("a list"))? {
            let (path, bytes, sha256) = (entry[0].as_str(), entry[1].as_u64(), entry[2].as_str());
            let (Some(path), Some(bytes), Some(sha256)) = (path, bytes, sha256) else {
                return Err(helper.nonsense("a list"));
            };
            if checked_path(path.as_bytes()).map_err(|error| refused(&error))? != path || !is_structure(path)
            {
                return Err(TransportError::Refused(format!("it has a file named `{path}`")));
            }
            files.push(StructureFile { path: path.to_owned(), bytes, sha256: sha256.to_owned() });
        }
        if files.len() as u64 > most {
            return Err(TransportError::Refused(format!("it has more than {most} files")));
        }
        if !answer.is("more") {
            return Ok(files);
        }
    }
}

/// Brings the structure, and sees that the target has nothing else.
async fn bring_structure(
    journey: &mut Journey<'_>,
    structure: &[StructureFile],
) -> Result<(), TransportError> {
    let expected: BTreeSet<&StructureFile> = structure.iter().collect();
    for attempt in 0..2 {
        for some in structure.chunks(ASKED) {
            let items: Vec<Item> = some.iter().cloned().map(Item::Structure).collect();
            let had = journey.had(&items).await?;
            let moving: Vec<(Item, u64)> = items
                .into_iter()
                .zip(had)
                .filter_map(|(item, had)| match had {
                    Had::Part(offset) => Some((item, offset)),
                    Had::Whole | Had::Busy | Had::Damaged => None,
                })
                .collect();
            journey.check_room(moving.iter().map(|(item, offset)| item.bytes() - offset).sum())?;
            journey.bring(&moving).await?;
        }
        let came = list(&mut journey.landing, json!({"do": "came"})).await?;
        if came.iter().collect::<BTreeSet<_>>() == expected {
            return Ok(());
        }
        // Of an earlier backup of the unit there may be files that this one has not.
        if attempt == 0 {
            journey.landing.ask(json!({"do": "anew"})).await?;
        }
    }
    Err(TransportError::Broken { side: Side::Target, why: "what arrived is not what was sent".to_owned() })
}

/// Says which contents the unit wants, before anybody looks which are there: so none is taken away in between.
async fn want(landing: &mut Helper, contents: &[Content]) -> Result<(), TransportError> {
    for (number, some) in contents.chunks(WANTED).enumerate() {
        let hashes: Vec<_> = some.iter().map(|content| content.hash).collect();
        landing.ask(json!({"do": "want", "hashes": hashes, "first": number == 0})).await?;
    }
    Ok(())
}

/// Brings contents. What another process is bringing is left to it, and looked for again.
async fn bring_contents(journey: &mut Journey<'_>, contents: Vec<Content>) -> Result<(), TransportError> {
    let mut pending = contents;
    let mut since = Instant::now();
    loop {
        let mut left = Vec::new();
        for some in pending.chunks(HELD) {
            bring_some(journey, some, &mut left).await?;
        }
        if left.is_empty() {
            return Ok(());
        }
        if left.len() < pending.len() {
            since = Instant::now();
        }
        if since.elapsed() > LONGEST_WAIT {
            let why = format!("another process is still bringing {}", left[0].hash);
            return Err(TransportError::Broken { side: Side::Target, why });
        }
        pending = left;
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = journey.route.cx.cancel.cancelled() => return Err(TransportError::Interrupted),
        }
    }
}

async fn bring_some(
    journey: &mut Journey<'_>,
    some: &[Content],
    left: &mut Vec<Content>,
) -> Result<(), TransportError> {
    let items: Vec<Item> = some.iter().copied().map(Item::Content).collect();
    let had = journey.had(&items).await?;
    let mut moving = Vec::new();
    for ((item, had), content) in items.into_iter().zip(had).zip(some) {
        match had {
            Had::Whole => journey.tally.spared(content.bytes),
            Had::Part(offset) => moving.push((item, offset)),
            Had::Busy => left.push(*content),
            Had::Damaged => {
                return Err(TransportError::Damaged {
                    side: Side::Target,
                    hash: content.hash,
                    named: Vec::new(),
                });
            }
        }
    }
    journey.check_room(moving.iter().map(|(item, offset)| item.bytes() - offset).sum())?;
    journey.bring(&moving).await
}

/// Sets `include_files` to 1, brings everything to disk and writes down that it came.
async fn finish(journey: &mut Journey<'_>, delivered: &Delivered, main: &str) -> Result<(), TransportError> {
    for (number, piece) in main.as_bytes().chunks(PIECE).enumerate() {
        journey.landing.ask_with(json!({"do": "aside", "first": number == 0}), piece).await?;
    }
    let request = json!({"do": "finish", "replace": true, "length": main.len(), "carried": delivered});
    journey.landing.ask(request).await.map(drop)
}
