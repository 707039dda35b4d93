//! Finding frames among whatever else a PHP process prints.

use super::frames::{Frame, from_json};
use super::{LONGEST_FRAME, LONGEST_LOG, RECORD_SEPARATOR};

/// Takes the bytes of one stream as they come and gives the frames and the log text in them, in order.
///
/// A line that begins with the record separator is a frame; any other is log text. However the stream is cut into
/// pieces, the items are the same. At most [`LONGEST_FRAME`] bytes are held.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Line,
    /// The bytes of the line so far, without its mark.
    pub(super) held: Vec<u8>,
}

/// What the line at hand is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Nothing of it has come yet.
    #[default]
    Start,
    /// A frame.
    Frame,
    /// A frame that grew too long; the rest of it is dropped.
    Dropped,
    /// Log text.
    Log,
}

/// One thing found in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A frame.
    Frame(Frame),
    /// A line of log text without its line end, or a piece of a line longer than [`LONGEST_LOG`]. Empty lines are left
    /// out: each frame brings one along.
    Log(Vec<u8>),
    /// A line that was marked as a frame and is none.
    Error(FrameError),
}

/// Why something marked as a frame is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Its JSON is longer than [`LONGEST_FRAME`].
    #[error("a frame is longer than {LONGEST_FRAME} bytes")]
    TooLong,
    /// The stream ended in the middle of it.
    #[error("the stream ended in the middle of a frame")]
    Truncated,
    /// Its `type` is none that this protocol has.
    #[error("a frame has the unknown type `{0}`")]
    UnknownType(String),
    /// It is no JSON object, or has not the fields that its type has.
    #[error("a frame is not of the protocol's shape: {0}")]
    Shape(String),
}

impl Decoder {
    /// Makes a decoder for one stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and returns what they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Item> {
        let mut items = Vec::new();
        let mut lines = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(part) = lines.next() {
            self.extend(part, &mut items);
            // Behind the last part there was no line end.
            if lines.peek().is_some() {
                self.end_line(&mut items);
            }
        }
        items
    }

    /// Says that the stream has ended, and returns what was left.
    pub fn finish(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        match std::mem::take(&mut self.line) {
            Line::Frame => items.push(Item::Error(FrameError::Truncated)),
            Line::Log if !self.held.is_empty() => items.push(Item::Log(std::mem::take(&mut self.held))),
            Line::Start | Line::Dropped | Line::Log => {}
        }
        self.held = Vec::new();
        items
    }

    /// Adds bytes, none of them a line end, to the line at hand.
    fn extend(&mut self, mut part: &[u8], items: &mut Vec<Item>) {
        if self.line == Line::Start {
            match part.split_first() {
                None => return,
                Some((&RECORD_SEPARATOR, rest)) => (self.line, part) = (Line::Frame, rest),
                Some(_) => self.line = Line::Log,
            }
        }
        match self.line {
            Line::Frame if self.held.len().saturating_add(part.len()) > LONGEST_FRAME => {
                items.push(Item::Error(FrameError::TooLong));
                self.held = Vec::new();
                self.line = Line::Dropped;
            }
            Line::Frame => self.held.extend_from_slice(part),
            Line::Log => self.extend_log(part, items),
            Line::Start | Line::Dropped => {}
        }
    }

    fn extend_log(&mut self, mut part: &[u8], items: &mut Vec<Item>) {
        while let Some((fits, rest)) = part.split_at_checked(LONGEST_LOG - self.held.len()) {
            self.held.extend_from_slice(fits);
            items.push(Item::Log(std::mem::take(&mut self.held)));
            part = rest;
        }
        self.held.extend_from_slice(part);
    }

    fn end_line(&mut self, items: &mut Vec<Item>) {
        let held = std::mem::take(&mut self.held);
        match std::mem::take(&mut self.line) {
            Line::Frame => items.push(from_json(&held).map_or_else(Item::Error, Item::Frame)),
            Line::Log if !held.is_empty() => items.push(Item::Log(held)),
            Line::Start | Line::Dropped | Line::Log => {}
        }
    }
}
