//! One site's pool.

use super::super::FORM_OVERHEAD_MIB;
use super::super::ini::{Ini, Value};
use super::FpmPool;

/// After how long without work a process ends. A page's scripts and images come within a second of it, a reader's next
/// click within a minute.
const IDLE_SECONDS: u32 = 60;

/// After how many requests a process is replaced: what libraries leak does not pile up.
const REQUESTS: u32 = 1000;

/// Requests longer than this are noted with the place in the code where they are.
const SLOW_SECONDS: u32 = 15;

/// What Moodle asks for: a page with many settings or grades is one form with thousands of fields.
const INPUT_VARIABLES: u32 = 5000;

/// The one PHP function that is taken away. Moodle calls it whenever language strings are reset, and from
/// `admin/index.php` *before* it knows who asks: anybody on the network could empty the opcache of every site of the
/// fleet, as often as they like. Moodle asks `function_exists()` first, and loses nothing: changed files are noticed.
const DISABLED: &str = "opcache_reset";

/// Returns the text of one pool's file.
///
/// `open_basedir` is not set: it switches PHP's cache of resolved paths off, does not bind programs that PHP starts, and
/// is no wall by its authors' own word. What keeps sites apart is that each has its own Unix user, and the modes of its
/// files; where all sites run as one user, they are not apart.
pub fn pool_file(pool: &FpmPool<'_>) -> String {
    let mut file = Ini::new();
    file.comment("A site's PHP. Provost makes this file from the fleet file; changes here are lost.");
    // `[global]`, in any letters, is php-fpm's own section; no site's name has a dot.
    let section = if pool.name.eq_ignore_ascii_case("global") { "global.site" } else { pool.name };
    file.section(section);
    if let Some(user) = pool.user {
        file.set("user", user.user);
        file.set("group", user.group);
    }
    file.set("listen", pool.socket);
    if let Some(user) = pool.user {
        file.set("listen.owner", user.user);
        file.set("listen.group", user.web_group);
    }
    file.set("listen.mode", Value::Mode(0o660));
    file.gap();
    write_processes(&mut file, pool);
    file.gap();
    write_environment(&mut file, pool);
    file.gap();
    write_php_values(&mut file, pool);
    file.finish()
}

fn write_processes(file: &mut Ini, pool: &FpmPool<'_>) {
    file.set("pm", "ondemand");
    file.set("pm.max_children", pool.workers.max(1));
    file.set("pm.process_idle_timeout", Value::Seconds(IDLE_SECONDS));
    file.set("pm.max_requests", REQUESTS);
    file.set("request_terminate_timeout", Value::Seconds(pool.request_seconds));
    // Also what goes on after the page was sent to the browser.
    file.set("request_terminate_timeout_track_finished", true);
    file.set("request_slowlog_timeout", Value::Seconds(SLOW_SECONDS));
    file.set("slowlog", pool.slow_log);
    file.set("catch_workers_output", true);
    file.set("decorate_workers_output", false);
    file.set("security.limit_extensions", ".php");
}

/// Nothing of the environment of whoever started php-fpm reaches a site.
fn write_environment(file: &mut Ini, pool: &FpmPool<'_>) {
    file.set("clear_env", true);
    file.set("env[PATH]", "/usr/local/bin:/usr/bin:/bin");
    file.set("env[LC_ALL]", "C.UTF-8");
    file.set("env[TMPDIR]", pool.temporary);
}

/// `php_admin_value`: what a site cannot change for itself, with `ini_set()`.
fn write_php_values(file: &mut Ini, pool: &FpmPool<'_>) {
    let body = pool.upload_mib.saturating_add(FORM_OVERHEAD_MIB);
    // Moodle raises its own memory for heavy pages by `ini_set()`, which an admin value would forbid.
    file.set("php_value[memory_limit]", Value::Mebibytes(pool.memory_mib));
    for (key, value) in [
        ("upload_max_filesize", Value::Mebibytes(pool.upload_mib)),
        ("post_max_size", Value::Mebibytes(body)),
        ("max_file_uploads", 100.into()),
        ("max_input_vars", INPUT_VARIABLES.into()),
        ("error_log", pool.error_log.into()),
        ("upload_tmp_dir", pool.temporary.into()),
        ("sys_temp_dir", pool.temporary.into()),
        ("session.save_path", pool.temporary.into()),
        ("disable_functions", DISABLED.into()),
    ] {
        file.set(&format!("php_admin_value[{key}]"), value);
    }
    for (key, on) in [("log_errors", true), ("display_errors", false), ("zlib.output_compression", false)] {
        file.set(&format!("php_admin_flag[{key}]"), on);
    }
}
