//! XML of a backup, one element's text at a time, in bounded memory.

use std::io::{BufRead, Read};

use quick_xml::Reader;
use quick_xml::events::Event;

use super::MbzError;
use super::limits::{DEEPEST, LONGEST_TEXT};

/// What a reader of leaves is told.
pub(super) enum Leaf<'a> {
    /// An element begins; the path ends with its name.
    Open,
    /// An element with nothing but text ends.
    Text(&'a str),
    /// An element ends.
    Close,
}

/// Goes through all elements. Text beyond [`LONGEST_TEXT`] is an error where `keep` says that it matters, else it is passed over.
pub(super) fn leaves(
    file: &'static str,
    from: impl Read,
    keep: impl Fn(&[String]) -> bool,
    mut told: impl FnMut(&[String], Leaf<'_>) -> Result<(), MbzError>,
) -> Result<(), MbzError> {
    let broken = |what: String| MbzError::Xml { file, what };
    let mut reader = Reader::from_reader(Bounded::new(from));
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut buffer = Vec::new();
    let mut text = String::new();
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| broken(error.to_string()))?;
        reader.get_mut().begin_anew();
        match event {
            Event::Start(tag) => {
                if path.len() >= DEEPEST {
                    return Err(broken("it nests too deep".to_owned()));
                }
                path.push(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                told(&path, Leaf::Open)?;
                text.clear();
            }
            Event::End(_) => {
                if keep(&path) {
                    told(&path, Leaf::Text(&text))?;
                }
                told(&path, Leaf::Close)?;
                path.pop();
                text.clear();
            }
            Event::Text(piece) if keep(&path) => {
                text.push_str(&piece.decode().map_err(|error| broken(error.to_string()))?);
            }
            Event::CData(piece) if keep(&path) => {
                text.push_str(&piece.decode().map_err(|error| broken(error.to_string()))?);
            }
            Event::GeneralRef(reference) if keep(&path) => {
                let name = reference.decode().map_err(|error| broken(error.to_string()))?;
                let whole = format!("&{name};");
                text.push_str(
                    &quick_xml::escape::unescape(&whole).map_err(|error| broken(error.to_string()))?,
                );
            }
            Event::DocType(_) => return Err(broken("it has a document type".to_owned())),
            Event::Eof => break,
            _ => {}
        }
        if text.len() > LONGEST_TEXT {
            return Err(broken("a text in it is too long".to_owned()));
        }
    }
    match path.last() {
        Some(open) => Err(broken(format!("it ends within `{open}`"))),
        None => Ok(()),
    }
}

/// The longest event: a tag, or a text. Texts that users wrote are long; what they wrote into one field is at most this.
const LONGEST_EVENT: u64 = 64 << 20;

/// Bounds how much one event may make the reader keep.
struct Bounded<R> {
    inner: std::io::BufReader<R>,
    left: u64,
}

impl<R: Read> Bounded<R> {
    fn new(inner: R) -> Self {
        Self { inner: std::io::BufReader::new(inner), left: LONGEST_EVENT }
    }

    fn begin_anew(&mut self) {
        self.left = LONGEST_EVENT;
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

impl<R: Read> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "one element is too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        self.inner.consume(count);
    }
}
