//! Where everything is in the text.

use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, parse_document};
use toml_parser::{Source, Span as Place};

use crate::diagnostic::Span;

/// A text and the places of its tables and keys. Made of valid TOML.
pub(super) struct Layout<'t> {
    pub(super) text: &'t str,
    pub(super) headers: Vec<Header>,
    /// In the order of the text, those of tables on one line included, those inside lists not.
    pub(super) entries: Vec<Entry>,
}

/// `[a.b]`.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) path: Vec<String>,
    /// The names, as they are written.
    pub(super) names: Vec<Span>,
    /// From bracket to bracket.
    pub(super) span: Span,
}

/// `a.b = VALUE`.
#[derive(Debug)]
pub(super) struct Entry {
    /// From the top of the file.
    pub(super) path: Vec<String>,
    pub(super) within: Within,
    /// From the first name to the end of the value.
    pub(super) span: Span,
    pub(super) value: Span,
    /// Whether the value is a table.
    pub(super) is_table: bool,
}

/// What a key is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// What is above the first header.
    Top,
    /// The lines under a header, by its number.
    Header(usize),
    /// A table on one line, by the number of its entry.
    Table(usize),
}

impl<'t> Layout<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let source = Source::new(text);
        let mut reader = Reader::new(source);
        let tokens = source.lex().into_vec();
        // The text was read before: there are no errors to be told.
        parse_document(&tokens, &mut |event: Event| reader.take(&event), &mut ());
        Self { text, headers: reader.headers, entries: reader.entries }
    }

    /// Where the line of a place begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Where the line after a place begins.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// The path that what is there has before its own names.
    pub(super) fn path_of(&self, within: Within) -> &[String] {
        match within {
            Within::Top => &[],
            Within::Header(number) => &self.headers[number].path,
            Within::Table(number) => &self.entries[number].path,
        }
    }

    /// How the line above a place ends; at the top, how the first line does.
    pub(super) fn line_ending(&self, at: usize) -> &'static str {
        let end = self.text[..at].rfind('\n').or_else(|| self.text.find('\n'));
        if end.is_some_and(|end| self.text[..end].ends_with('\r')) { "\r\n" } else { "\n" }
    }

    /// Where the comment that stands directly above a header begins; the header's own line where there is none.
    pub(super) fn above(&self, header: usize) -> usize {
        let mut begin = self.line_start(self.headers[header].span.start);
        while begin > 0 {
            let line = self.line_start(begin - 1);
            if !self.text[line..begin].trim_start().starts_with('#') {
                break;
            }
            begin = line;
        }
        begin
    }

    /// Where what is under a header ends: after its last key and the comments that are of it. Those are the ones directly
    /// below, unless they go on to the next header, and keys that somebody has made comments of.
    pub(super) fn block_end(&self, header: usize) -> usize {
        let own = |entry: &&Entry| entry.within == Within::Header(header);
        let last = self.entries.iter().rev().find(own).map_or(self.headers[header].span.end, |e| e.span.end);
        let limit = if header + 1 < self.headers.len() { self.above(header + 1) } else { self.text.len() };
        let begin = self.line_end(last);
        let mut end = begin;
        let mut at = begin;
        while at < limit {
            let paragraph = at..self.paragraph_end(at, limit);
            let text = &self.text[paragraph.clone()];
            if paragraph.start == begin && !paragraph.is_empty() || text.lines().any(is_former_key) {
                end = paragraph.end;
            } else if !paragraph.is_empty() {
                break;
            }
            at = if paragraph.is_empty() { self.line_end(at) } else { paragraph.end };
        }
        end
    }

    /// Where the lines that are not empty end; here, where the first one is.
    fn paragraph_end(&self, begin: usize, limit: usize) -> usize {
        let mut end = begin;
        while end < limit && !self.text[end..self.line_end(end)].trim().is_empty() {
            end = self.line_end(end);
        }
        end
    }
}

/// Whether a comment is a key that was taken out: `# mod_quiz = {}`.
fn is_former_key(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches('#').trim_start();
    let name = line.split('=').next().unwrap_or_default();
    name.len() < line.len()
        && !name.trim().is_empty()
        && name.trim().chars().all(|c| c.is_ascii_alphanumeric() || "_-.\"'".contains(c))
}

struct Reader<'t> {
    source: Source<'t>,
    headers: Vec<Header>,
    entries: Vec<Entry>,
    names: Vec<(String, Span)>,
    /// The header that is being read, from its bracket.
    header: Option<(usize, bool)>,
    within: Vec<Within>,
    /// The entry whose value comes.
    entry: Option<usize>,
    /// How many brackets and braces of a list are open.
    depth: usize,
}

fn span(place: Place) -> Span {
    place.start()..place.end()
}

impl<'t> Reader<'t> {
    fn new(source: Source<'t>) -> Self {
        Self {
            source,
            headers: Vec::new(),
            entries: Vec::new(),
            names: Vec::new(),
            header: None,
            within: vec![Within::Top],
            entry: None,
            depth: 0,
        }
    }

    fn take(&mut self, event: &Event) {
        use EventKind as Is;
        let place = span(event.span());
        match event.kind() {
            Is::ArrayOpen => {
                self.value(place);
                self.depth += 1;
            }
            Is::InlineTableOpen if self.depth > 0 => self.depth += 1,
            Is::InlineTableClose if self.depth > 0 => self.depth -= 1,
            Is::ArrayClose => {
                self.depth = self.depth.saturating_sub(1);
                self.value(place);
            }
            _ if self.depth > 0 => {}
            Is::StdTableOpen => self.header = Some((place.start, false)),
            Is::ArrayTableOpen => self.header = Some((place.start, true)),
            Is::StdTableClose | Is::ArrayTableClose => self.header_ends(place.end),
            Is::SimpleKey => {
                let name = self.name(event.span(), event.encoding());
                self.names.push((name, place));
            }
            Is::KeyValSep => self.value_comes(),
            Is::Scalar => self.value(place),
            Is::InlineTableOpen => {
                self.value(place);
                if let Some(entry) = self.entry {
                    self.entries[entry].is_table = true;
                    self.within.push(Within::Table(entry));
                }
            }
            Is::InlineTableClose => {
                if let Some(Within::Table(entry)) = self.within.pop() {
                    self.entry = Some(entry);
                    self.value(place);
                }
            }
            _ => {}
        }
    }

    fn name(&self, place: Place, encoding: Option<Encoding>) -> String {
        let mut name = std::borrow::Cow::default();
        if let Some(raw) = self.source.get(place) {
            toml_parser::Raw::new_unchecked(raw.as_str(), encoding, place).decode_key(&mut name, &mut ());
        }
        name.into_owned()
    }

    fn header_ends(&mut self, end: usize) {
        let Some((begin, is_list)) = self.header.take() else { return };
        let (mut path, names): (Vec<_>, Vec<_>) = std::mem::take(&mut self.names).into_iter().unzip();
        if is_list {
            // One of many: no path leads there. A name with a control character is nobody's.
            path.push(format!("\0{}", self.headers.len()));
        }
        self.within = vec![Within::Header(self.headers.len())];
        self.headers.push(Header { path, names, span: begin..end });
    }

    fn value_comes(&mut self) {
        let within = self.within.last().copied().unwrap_or(Within::Top);
        let mut path = match within {
            Within::Top => Vec::new(),
            Within::Header(number) => self.headers[number].path.clone(),
            Within::Table(number) => self.entries[number].path.clone(),
        };
        let begin = self.names.first().map_or(0, |(_, place)| place.start);
        path.extend(std::mem::take(&mut self.names).into_iter().map(|(name, _)| name));
        self.entry = Some(self.entries.len());
        self.entries.push(Entry { path, within, span: begin..begin, value: 0..0, is_table: false });
    }

    /// A part of the value that is being read.
    fn value(&mut self, part: Span) {
        if self.depth > 0 {
            return;
        }
        if let Some(entry) = self.entry {
            let entry = &mut self.entries[entry];
            let begin = if entry.value.is_empty() { part.start } else { entry.value.start };
            entry.value = begin..part.end;
            entry.span.end = part.end;
        }
    }
}
