//! How nginx is started.

use camino::Utf8Path;

/// Returns the arguments with which nginx runs with `file`, the text of [`super::main_file`]; `-t` or `-s reload` go
/// behind them.
///
/// `log` is where it complains until it has read the file (`stderr` means standard error): without it nginx would open
/// a log of the distribution's, which only root can.
pub fn arguments<'a>(file: &'a Utf8Path, log: &'a Utf8Path) -> [&'a str; 4] {
    ["-e", log.as_str(), "-c", file.as_str()]
}
