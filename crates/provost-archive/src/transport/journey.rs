//! One unit on its way: the processes at both ends, and the moving of files between them.

use std::collections::VecDeque;
use std::time::Duration;

use camino::Utf8PathBuf;
use provost_moodle::mbz::{Content, FilesXml, StructureFile};
use serde_json::{Value, json};

use super::helper::{Helper, Problem, problem};
use super::route::Route;
use super::wire::{Message, PIECE};
use super::{Cargo, Side, Tally, TransportError};

/// Bytes that the source may have sent and the target not yet taken, in each half of the way: together with the half that is behind us
/// they are what is lost when everything is cut at once, and may be [`super::RESUMES_WITHIN`].
pub(super) const WINDOW: u64 = super::RESUMES_WITHIN / 2;

/// How often a unit is tried to be taken that another process has.
const TRIES: u32 = 10;

/// How long it is waited in between.
const BETWEEN_TRIES: Duration = Duration::from_millis(300);

/// Files that may be on their way at once, however small.
const MOST_UNTAKEN: usize = 256;

/// A file that is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Of the structure.
    Structure(StructureFile),
    /// A content.
    Content(Content),
    /// The `mbz`.
    Archive {
        /// Its length.
        bytes: u64,
        /// Its SHA-256.
        sha256: String,
    },
}

impl Item {
    /// As the target is told of it.
    pub(super) fn told(&self) -> Value {
        match self {
            Self::Structure(file) => json!({"path": file.path, "length": file.bytes, "sha256": file.sha256}),
            Self::Content(content) => json!({"hash": content.hash, "length": content.bytes}),
            Self::Archive { bytes, sha256 } => json!({"length": bytes, "sha256": sha256}),
        }
    }

    /// Its length.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Structure(file) => file.bytes,
            Self::Content(content) => content.bytes,
            Self::Archive { bytes, .. } => *bytes,
        }
    }

    fn count(&self, tally: &Tally, bytes: u64) {
        match self {
            Self::Structure(_) => tally.structure(bytes),
            Self::Content(_) => tally.content(bytes),
            Self::Archive { .. } => tally.archive(bytes),
        }
    }
}

/// How much of a file the target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Had {
    /// All of it.
    Whole,
    /// This many bytes; the rest is ours to bring.
    Part(u64),
    /// Another process is bringing it.
    Busy,
    /// The target's own file is damaged.
    Damaged,
}

/// One unit on its way.
pub(super) struct Journey<'a> {
    pub(super) route: &'a Route,
    pub(super) cargo: &'a Cargo,
    pub(super) tally: &'a Tally,
    /// Begun when it is needed: a unit that has arrived needs none.
    origin: Option<Helper>,
    pub(super) landing: Helper,
    /// What the target said of a delivery of this unit before.
    pub(super) carried: Value,
    /// Bytes that are free at the target.
    pub(super) free: u64,
    /// For messages: which files are made of a content.
    pub(super) files: FilesXml,
}

impl<'a> Journey<'a> {
    /// Takes the unit at the target.
    pub(super) async fn begin(
        route: &'a Route,
        cargo: &'a Cargo,
        tally: &'a Tally,
    ) -> Result<Self, TransportError> {
        let mut landing = route.at_landing().await?;
        let answer = take(&mut landing, route, cargo).await?;
        let carried = answer.head.get("carried").cloned().unwrap_or_default();
        let free = answer.number("free").unwrap_or(0);
        let files = FilesXml::default();
        Ok(Self { route, cargo, tally, origin: None, landing, carried, free, files })
    }

    /// The process at the source.
    pub(super) async fn origin(&mut self) -> Result<&mut Helper, TransportError> {
        if self.origin.is_none() {
            self.origin = Some(self.route.at_origin().await?);
        }
        self.origin.as_mut().ok_or(TransportError::Interrupted)
    }

    /// Ends both processes.
    pub(super) async fn end(self) {
        if let Some(origin) = self.origin {
            origin.close().await;
        }
        self.landing.close().await;
    }

    /// An error with what only we know: names of files, and the place without room.
    pub(super) fn explained(&self, error: TransportError) -> TransportError {
        match error {
            TransportError::NoRoom { place, needed, free } if place.is_empty() => {
                TransportError::NoRoom { place: self.route.landing.staging.to_string(), needed, free }
            }
            TransportError::Lost { hash, .. } => {
                TransportError::Lost { hash, named: self.files.named(&hash) }
            }
            TransportError::Damaged { side, hash, .. } => {
                TransportError::Damaged { side, hash, named: self.files.named(&hash) }
            }
            other => other,
        }
    }

    /// Asks what the target has of files. What it has only a part of is ours until it is whole.
    pub(super) async fn had(&mut self, items: &[Item]) -> Result<Vec<Had>, TransportError> {
        let told: Vec<Value> = items.iter().map(Item::told).collect();
        let answer = self.landing.ask(json!({"do": "have", "items": told})).await?;
        self.free = answer.number("free").unwrap_or(0);
        let states =
            answer.head.get("states").and_then(Value::as_array).filter(|states| states.len() == items.len());
        let states = states.ok_or_else(|| self.landing.nonsense("states"))?;
        let read = |(state, item): (&Value, &Item)| match state.get("state").and_then(Value::as_str) {
            Some("whole") => Ok(Had::Whole),
            Some("busy") => Ok(Had::Busy),
            Some("damaged") => Ok(Had::Damaged),
            Some("part") => match state.get("offset").and_then(Value::as_u64) {
                Some(offset) if offset <= item.bytes() => Ok(Had::Part(offset)),
                _ => Err(self.landing.nonsense("an offset")),
            },
            _ => Err(self.landing.nonsense("a state")),
        };
        states.iter().zip(items).map(read).collect()
    }

    /// That so many bytes have room at the target, by what it said last.
    pub(super) fn check_room(&self, needed: u64) -> Result<(), TransportError> {
        let free = self.free.saturating_sub(self.route.reserve);
        if needed <= free {
            return Ok(());
        }
        Err(TransportError::NoRoom { place: self.route.landing.staging.to_string(), needed, free })
    }

    /// Where the source has a file: a directory that is believed, and a path below it of which nothing is.
    fn lies_at(&self, item: &Item) -> (Utf8PathBuf, String) {
        match item {
            Item::Structure(file) => (self.cargo.at.clone(), file.path.clone()),
            Item::Content(content) => (self.route.origin.filedir.clone(), content.hash.place_in_filedir()),
            Item::Archive { .. } => (self.cargo.at.clone(), String::new()),
        }
    }

    /// Moves files that the target has a part of.
    pub(super) async fn bring(&mut self, moving: &[(Item, u64)]) -> Result<(), TransportError> {
        if moving.is_empty() {
            return Ok(());
        }
        if self.route.is_direct() { self.give(moving).await } else { self.stream(moving).await }
    }

    /// Gives files over by linking.
    async fn give(&mut self, moving: &[(Item, u64)]) -> Result<(), TransportError> {
        for (item, _) in moving {
            let (root, path) = self.lies_at(item);
            self.landing
                .send(json!({"do": "take", "item": item.told(), "root": root, "path": path}), &[])
                .await?;
            let answer = self.landing.receive().await?;
            if let Some(problem) = problem(&answer) {
                return Err(self.about(item, problem, Side::Source).await);
            }
            item.count(self.tally, item.bytes());
            self.arrived(item);
        }
        Ok(())
    }

    fn arrived(&self, item: &Item) {
        if matches!(item, Item::Content(_)) {
            self.tally.content_done();
        }
    }

    /// Moves files piece by piece, so that no more than a window's bytes are between the ends.
    async fn stream(&mut self, moving: &[(Item, u64)]) -> Result<(), TransportError> {
        let wanted: Vec<Value> = moving
            .iter()
            .map(|(item, offset)| {
                let (root, path) = self.lies_at(item);
                json!({"root": root, "path": path, "offset": offset, "most": item.bytes() - offset})
            })
            .collect();
        self.origin().await?.send(json!({"do": "fetch", "items": wanted, "credit": WINDOW}), &[]).await?;
        let mut at: Vec<u64> = moving.iter().map(|(_, offset)| *offset).collect();
        let mut untaken: VecDeque<(usize, u64)> = VecDeque::new();
        loop {
            let message = self.origin().await?.receive().await?;
            if message.is("done") {
                break;
            }
            let number = message.number("item").and_then(|number| usize::try_from(number).ok());
            let Some((number, (item, _))) = number.and_then(|number| Some((number, moving.get(number)?)))
            else {
                return Err(TransportError::Broken {
                    side: Side::Source,
                    why: "it answers nonsense".to_owned(),
                });
            };
            if let Some(problem) = problem(&message) {
                return Err(self.about(item, problem, Side::Source).await);
            }
            let ended = message.is("end");
            let count = message.body.len() as u64;
            let (from, to) = (at[number], at[number] + count);
            let whole = to == item.bytes();
            let wrong = to > item.bytes() || count > PIECE as u64;
            let wrong = wrong || ended && (message.number("length") != Some(item.bytes()) || !whole);
            if wrong {
                return Err(unlike(item));
            }
            // An empty rest has no piece of its own.
            if count == 0 && !(ended && from == moving[number].1) {
                continue;
            }
            let put = json!({"do": "put", "item": item.told(), "offset": from, "last": whole});
            self.landing.send(put, &message.body).await?;
            item.count(self.tally, count);
            at[number] = to;
            untaken.push_back((number, count));
            self.take_until(moving, &mut untaken, WINDOW, MOST_UNTAKEN).await?;
            self.origin().await?.send(json!({"do": "credit", "credit": count}), &[]).await?;
        }
        self.take_until(moving, &mut untaken, 0, 0).await
    }

    /// Waits until no more than so many bytes and messages are untaken.
    async fn take_until(
        &mut self,
        moving: &[(Item, u64)],
        untaken: &mut VecDeque<(usize, u64)>,
        bytes: u64,
        messages: usize,
    ) -> Result<(), TransportError> {
        while untaken.len() > messages || untaken.iter().map(|(_, count)| count).sum::<u64>() > bytes {
            let Some((number, count)) = untaken.pop_front() else { break };
            let answer = self.landing.receive().await?;
            let item = &moving[number].0;
            if let Some(problem) = problem(&answer) {
                return Err(self.about(item, problem, Side::Target).await);
            }
            if answer.number("taken") != Some(count) {
                return Err(self.landing.nonsense("what it took"));
            }
            if answer.is("whole") {
                self.arrived(item);
            }
        }
        Ok(())
    }

    /// A problem with one file, as an error. Where bytes are wrong the source is asked for its own opinion, by another process:
    /// the one that was sending may have more to say.
    async fn about(&self, item: &Item, problem: Problem, side: Side) -> TransportError {
        match (problem.kind.as_str(), item) {
            ("lost", Item::Content(content)) => {
                TransportError::Lost { hash: content.hash, named: Vec::new() }
            }
            ("lost", _) => TransportError::Changed(problem.message),
            ("full", _) => match problem.general(Side::Target) {
                TransportError::NoRoom { place, free, .. } => {
                    TransportError::NoRoom { place, needed: item.bytes(), free }
                }
                other => other,
            },
            ("damaged", _) => self.damaged(item).await,
            _ => problem.general(side),
        }
    }

    async fn damaged(&self, item: &Item) -> TransportError {
        let (root, path) = self.lies_at(item);
        let whole = if path.is_empty() { root } else { root.join(path) };
        let (algorithm, expected) = match item {
            Item::Content(content) => ("sha1", content.hash.to_string()),
            Item::Structure(StructureFile { sha256, .. }) | Item::Archive { sha256, .. } => {
                ("sha256", sha256.clone())
            }
        };
        let asked = async {
            let mut other = self.route.at_origin().await?;
            let answer = other.ask(json!({"do": "digest", "path": whole, "algorithm": algorithm})).await;
            other.close().await;
            answer
        };
        match asked.await {
            Err(error) => error,
            // Its bytes are right there: what was staged before them was not, and is gone now.
            Ok(answer) if answer.text("digest") == Some(expected.as_str()) => TransportError::Broken {
                side: Side::Target,
                why: "what arrived is not what was sent; it will be moved again".to_owned(),
            },
            Ok(_) => unlike(item),
        }
    }
}

/// Takes the unit. What worked on it before us and lost its line may need a moment to see that.
async fn take(landing: &mut Helper, route: &Route, cargo: &Cargo) -> Result<Message, TransportError> {
    let mut tries = 0;
    loop {
        let begin = json!({
            "do": "begin", "staging": route.landing.staging, "filedir": route.landing.filedir,
            "key": cargo.key.as_str(),
        });
        landing.send(begin, &[]).await?;
        let answer = landing.receive().await?;
        match problem(&answer) {
            None => return Ok(answer),
            Some(problem) if problem.kind == "busy" && tries < TRIES => tries += 1,
            Some(problem) => return Err(problem.general(Side::Target)),
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

/// That the source's file is not what it was announced to be.
fn unlike(item: &Item) -> TransportError {
    match item {
        Item::Content(content) => {
            TransportError::Damaged { side: Side::Source, hash: content.hash, named: Vec::new() }
        }
        Item::Structure(file) => TransportError::Changed(format!("`{}` is another one now", file.path)),
        Item::Archive { .. } => TransportError::Changed("the `mbz` is another one now".to_owned()),
    }
}
