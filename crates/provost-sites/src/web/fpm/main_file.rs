//! `php-fpm.conf`, and the ini file of the master.

use super::super::ini::{Ini, Value};
use super::{FpmMain, OpcacheSizing, opcache_ini};

/// After this many processes died of a crash (not of an error in PHP) within [`CRASH_WINDOW_SECONDS`], the master starts
/// anew, with an empty opcache: the usual cause is one that got damaged.
const CRASHES: u32 = 10;

/// See [`CRASHES`].
const CRASH_WINDOW_SECONDS: u32 = 60;

/// How long requests in flight get when php-fpm is told to stop or to read its files again.
const CONTROL_SECONDS: u32 = 20;

/// Returns the text of `php-fpm.conf`.
///
/// Start it with [`super::arguments`] and [`super::environment`]. It stays in the foreground; `QUIT` ends it after the requests in flight, `TERM` at once, `USR2` reads all files again.
///
/// Measured with PHP 8.2: 800 idle pools cost the master 5 MiB (private memory 81 MiB with 800 pools, 76 MiB with one and
/// the same opcache, whose tables for 800 sites are most of it; 109 and 104 MiB resident), 811 open files and 1 s to
/// start. None of them has a process until somebody asks.
pub fn main_file(main: &FpmMain<'_>) -> String {
    let mut file = Ini::new();
    file.comment(
        "php-fpm of this fleet. Provost makes this file from the fleet file; changes here are lost.",
    );
    file.section("global");
    file.set("daemonize", false);
    file.set("pid", main.pid);
    file.set("error_log", main.error_log);
    file.set("log_limit", 8192);
    file.set("process.max", main.most_processes);
    file.set("emergency_restart_threshold", CRASHES);
    file.set("emergency_restart_interval", Value::Seconds(CRASH_WINDOW_SECONDS));
    file.set("process_control_timeout", Value::Seconds(CONTROL_SECONDS));
    if let Some(open_files) = main.open_files {
        file.set("rlimit_files", open_files);
    }
    file.set("include", main.pools.join("*.conf").as_path());
    file.finish()
}

/// Returns the ini file of the master: what a pool cannot say for itself, because all share it.
pub fn master_ini(sizing: &OpcacheSizing) -> String {
    let mut file = Ini::new();
    file.comment("PHP of this fleet's web server. Provost makes this file; changes here are lost.");
    file.set("expose_php", false);
    file.set("display_errors", false);
    file.set("display_startup_errors", false);
    file.set("log_errors", true);
    file.set("html_errors", false);
    // Its bad name is from configurations that hand PHP a path that is no file, where it looks for one among the
    // directories above. nginx only hands over scripts that are there, so there is nothing to look for; and with 0,
    // PHP_SELF is the path behind the script alone, which breaks pages that build their own address from it.
    file.set("cgi.fix_pathinfo", 1);
    file.comment(
        "No directory of a site may hold settings of its own. (php-fpm takes no empty value for a pool.)",
    );
    file.set("user_ini.filename", "");
    file.comment("No `$argv` from the query string.");
    file.set("register_argc_argv", false);
    // Measured: the heaviest pages of Moodle 5.0 include 1,481 files and leave 1,412 paths there, 209 KiB.
    file.set("realpath_cache_size", Value::Mebibytes(4));
    file.set("realpath_cache_ttl", 600);
    file.gap();
    for (key, value) in opcache_ini(sizing) {
        file.set(&key, value.as_str());
    }
    file.finish()
}
