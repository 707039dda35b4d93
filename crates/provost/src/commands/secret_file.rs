//! Secrets of the command line: read from a file or from standard input, for what stands on a command line everybody on the machine can read.

use std::io::Read as _;

use camino::Utf8Path;
use provost_fleet::secret::Secret;

/// The longest secret, in bytes.
const LONGEST: u64 = 64 << 10;

/// The first line of a file; `-` is standard input.
///
/// # Errors
/// When it cannot be read, or the line is empty; in words.
pub(super) fn line(file: &Utf8Path) -> Result<Secret, String> {
    let text = whole(file)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(format!("the first line of `{file}` is empty")),
    }
}

/// The text of a file, without the end of its last line; `-` is standard input.
///
/// # Errors
/// When it cannot be read, in words.
pub(super) fn text(file: &Utf8Path) -> Result<Secret, String> {
    let text = whole(file)?;
    Ok(Secret::new(text.strip_suffix('\n').unwrap_or(&text)))
}

fn whole(file: &Utf8Path) -> Result<String, String> {
    let mut text = String::new();
    let read = match file.as_str() {
        "-" => std::io::stdin().take(LONGEST).read_to_string(&mut text),
        path => std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map(|_| text).map_err(|error| format!("`{file}` cannot be read: {error}"))
}
