//! What is wrong or odd about a file, with the place.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

/// A byte range of the file.
pub(crate) type Span = Range<usize>;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; something about it is odd.
    Warning,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where: a byte range of the file.
    pub span: Range<usize>,
    /// What to say under that place.
    pub label: String,
    /// Other places that have to do with it.
    pub others: Vec<(Range<usize>, String)>,
    /// What to do about it.
    pub hints: Vec<String>,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Where a fault comes from: a syntax error makes values odd or go missing, and one message for it is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The text is not TOML here.
    Syntax,
    /// Something is not there.
    Absence,
    /// Something is not as it should be.
    Meaning,
}

impl Diagnostic {
    /// An error at a place.
    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        let (label, others, hints) = (String::new(), Vec::new(), Vec::new());
        let (severity, origin) = (Severity::Error, Origin::Meaning);
        Self { severity, message: message.into(), span, label, others, hints, origin }
    }

    /// An error about something that is not there, at the place where it should be.
    pub(crate) fn absence(span: Span, message: impl Into<String>) -> Self {
        Self { origin: Origin::Absence, ..Self::error(span, message) }
    }

    /// An error of the TOML parser.
    pub(crate) fn syntax(span: Span, message: impl Into<String>) -> Self {
        Self { origin: Origin::Syntax, ..Self::error(span, message) }
    }

    /// A warning at a place.
    pub(crate) fn warning(span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Adds what to say under the place.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds another place.
    pub(crate) fn other(mut self, span: Span, label: impl Into<String>) -> Self {
        self.others.push((span, label.into()));
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Everything that was found in one file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    path: String,
    /// The file's text, with secrets that stood in it masked.
    text: String,
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Diagnostics of one fault, for files other than the fleet file.
    pub(crate) fn one(path: &str, text: &str, fault: Diagnostic) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), found: vec![fault] }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether the file cannot be used.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|one| one.severity == Severity::Error)
    }

    /// Each fault.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// The text for people: message, file, line, a caret under the place, and hints.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let one = |fault: &Diagnostic| renderer.render(&[self.group(fault)]) + "\n";
        let mut text: Vec<String> = self.found.iter().map(one).collect();
        if let Some(summary) = self.summary() {
            text.push(summary);
        }
        text.join("\n")
    }

    fn summary(&self) -> Option<String> {
        let errors = self.found.iter().filter(|one| one.severity == Severity::Error).count();
        (errors > 1).then(|| format!("{errors} errors in {}\n", self.path))
    }

    fn group<'a>(&'a self, fault: &'a Diagnostic) -> Group<'a> {
        let level = match fault.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = |span: &Range<usize>| -> Range<usize> {
            let end = span.end.min(self.text.len());
            span.start.min(end)..end
        };
        let mut primary = AnnotationKind::Primary.span(span(&fault.span));
        if !fault.label.is_empty() {
            primary = primary.label(fault.label.as_str());
        }
        let others = fault
            .others
            .iter()
            .map(|(place, label)| AnnotationKind::Context.span(span(place)).label(label.as_str()));
        let snippet = Snippet::source(self.text.as_str())
            .path(self.path.as_str())
            .annotation(primary)
            .annotations(others);
        let mut group = level.primary_title(fault.message.as_str()).element(snippet);
        for hint in &fault.hints {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        group
    }

    /// The same for programs. Lines and columns count from 1, columns in characters.
    pub fn to_json(&self) -> Value {
        let one = |fault: &Diagnostic| {
            let (line, column) = self.place(fault.span.start);
            json!({
                "severity": if fault.severity == Severity::Error { "error" } else { "warning" },
                "file": self.path,
                "line": line,
                "column": column,
                "message": fault.message,
                "label": fault.label,
                "hints": fault.hints,
            })
        };
        self.found.iter().map(one).collect()
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// Takes faults while a file is read; reading goes on.
pub(crate) struct Sink {
    path: String,
    text: String,
    found: RefCell<Vec<Diagnostic>>,
    masked: RefCell<Vec<Span>>,
}

impl Sink {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            found: RefCell::default(),
            masked: RefCell::default(),
        }
    }

    /// Takes a fault.
    pub(crate) fn push(&self, fault: Diagnostic) {
        self.found.borrow_mut().push(fault);
    }

    /// Takes a fault that only matters where there is no other.
    pub(crate) fn unless_found(&self, fault: Diagnostic) {
        if self.found.borrow().is_empty() {
            self.push(fault);
        }
    }

    /// Sees to it that a file that cannot be used has at least one error.
    pub(crate) fn unexplained(&self) {
        if self.found.borrow().iter().all(|one| one.severity != Severity::Error) {
            let fault = Diagnostic::error(0..0, "the file cannot be used, and Provost cannot say why");
            self.push(fault.hint("this is a fault of Provost's: please report it"));
        }
    }

    /// Keeps a range of the text out of everything that is shown.
    pub(crate) fn mask(&self, span: Span) {
        self.masked.borrow_mut().push(span);
    }

    /// Everything that was found.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut text = self.text;
        let mut masked = self.masked.into_inner();
        if self.found.borrow().iter().any(|one| one.origin == Origin::Syntax) {
            // Where the text is not TOML, nobody has seen that a password stands in clear.
            masked.extend(passwords_by_eye(&text));
        }
        for span in masked {
            if let Some(secret) = text.get(span.clone()) {
                // The same number of bytes, so that all other places stay right.
                let stars: String = secret
                    .bytes()
                    .map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { '*' })
                    .collect();
                text.replace_range(span, &stars);
            }
        }
        let mut found = self.found.into_inner();
        found.sort_by_key(|one| (one.span.start, one.span.end));
        found.dedup();
        without_echoes(&mut found, &text);
        Diagnostics { path: self.path, text, found }
    }
}

/// Words in keys whose values are perhaps secret.
const SECRET_WORDS: [&str; 4] = ["pass", "secret", "token", "pwd"];

/// Whether a key sounds as if a secret stood behind it.
pub(crate) fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// What stands, on each line, behind a word like `password` and its `=`, and logins in URLs. A reference is masked too: where the
/// text is not TOML, nobody can tell it from a secret.
fn passwords_by_eye(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let value = |word: &str| {
            let word = lower.find(word)?;
            Some(word + lower[word..].find('=')? + 1)
        };
        if let Some(value) = SECRET_WORDS.iter().filter_map(|word| value(word)).min() {
            spans.push(at + value..at + line.trim_end().len().max(value));
        }
        for (scheme, _) in line.match_indices("://") {
            let rest = &line[scheme + 3..];
            let authority = rest.split(['/', '"', '\'', ' ', '\n']).next().unwrap_or_default();
            spans.extend(authority.rfind('@').map(|end| at + scheme + 3..at + scheme + 3 + end));
        }
        at += line.len();
    }
    spans
}

/// Takes out what only follows from a syntax error: faults of its line, and things that are missing.
fn without_echoes(found: &mut Vec<Diagnostic>, text: &str) {
    let line = |span: &Span| text.get(..span.start).unwrap_or(text).matches('\n').count();
    let broken: Vec<usize> =
        found.iter().filter(|one| one.origin == Origin::Syntax).map(|one| line(&one.span)).collect();
    if !broken.is_empty() {
        found.retain(|one| match one.origin {
            Origin::Syntax => true,
            Origin::Absence => false,
            Origin::Meaning => !broken.contains(&line(&one.span)),
        });
    }
}
