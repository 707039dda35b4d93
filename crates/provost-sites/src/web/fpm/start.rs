//! How php-fpm is started, with settings of the fleet's own and nothing of the system's touched.

use camino::Utf8Path;

/// Returns the arguments with which php-fpm runs with `file`, the text of [`super::main_file`]; `-t` goes behind them.
/// [`environment`] belongs to it.
///
/// `directory` holds [`super::master_ini`] as `provost.ini`, and no `php.ini`: with `-c`, PHP looks for one only there,
/// and the distribution's with its limits is not read.
pub fn arguments<'a>(file: &'a Utf8Path, directory: &'a Utf8Path) -> [&'a str; 4] {
    ["--fpm-config", file.as_str(), "-c", directory.as_str()]
}

/// Returns the variable, and its value, that must be in php-fpm's environment.
///
/// The leading colon stands for the distribution's `conf.d`, which loads the extensions: it is read first, and what
/// `directory` says wins. (`-n` would read neither and load no extension; `-d` would put every setting on the command
/// line, where `ps` shows it and a reload cannot change it.) The path holds no `:`.
pub fn environment(directory: &Utf8Path) -> (&'static str, String) {
    ("PHP_INI_SCAN_DIR", format!(":{directory}"))
}
