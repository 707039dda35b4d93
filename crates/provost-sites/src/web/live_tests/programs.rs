//! Finding, running and ending programs.

use std::path::PathBuf;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};

/// Says on standard error why a test proves nothing here.
#[allow(clippy::print_stderr)]
pub(super) fn skipped(missing: &str) {
    eprintln!("skipped: {missing} is missing");
}

/// Finds a program of the system.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .into_iter()
        .map(|directory| PathBuf::from(directory).join(name))
        .find(|path| path.is_file())
}

/// Finds php-fpm, the newest.
pub(super) fn php_fpm() -> Option<PathBuf> {
    ["php-fpm8.4", "php-fpm8.3", "php-fpm8.2", "php-fpm8.1", "php-fpm"].into_iter().find_map(find)
}

/// What a program said, on both its outputs.
pub(super) struct Output {
    pub(super) success: bool,
    pub(super) text: String,
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program starts");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Output { success: output.status.success(), text }
}

/// A server that ends with the test, its children first.
pub(super) struct Server(pub(super) Child);

impl Drop for Server {
    fn drop(&mut self) {
        // TERM, not KILL: the masters end their workers.
        let _gone = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ended = self.0.wait();
    }
}
