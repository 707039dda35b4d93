//! Sizing opcache, which all pools under one master share.
//!
//! Measured with PHP 8.2 by compiling whole trees into it:
//!
//! | what | PHP files | memory of scripts | memory of strings |
//! |---|---|---|---|
//! | Moodle 5.0, all of it | 17,629 | 397 MiB (23 KiB each) | 98.8 MiB |
//! | Moodle 4.4, all of it | 16,344 | 367 MiB (23 KiB each) | 96.3 MiB |
//! | 5.0 without tests and language files | 13,964 | 320 MiB | 91.2 MiB |
//! | 5.0 and 4.4 together, without tests and language files | 25,685 | 575 MiB | 94.9 MiB |
//!
//! After fifteen kinds of pages of a new site, as a visitor and as its administrator: 2,731 files of the build (20 KiB
//! each), and 153 of the site's own in its dataroot (3 MiB).
//!
//! So strings are shared between builds, scripts are not. The memory is only taken from the machine where it is used:
//! what is reserved for files that nobody opens costs nothing.
//!
//! The formula: files = PHP files of all live builds + 300 for each site; `max_accelerated_files` = files and a tenth;
//! `memory_consumption` = 26 KiB for each file + the strings + the table of places.

/// What shares one opcache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpcacheSizing {
    /// PHP files of all live builds together, tests and all: 17,639 in one of Moodle 5.0.
    pub php_files: u32,
    /// Builds that sites run on, and one more during an upgrade.
    pub live_builds: u32,
    /// Sites: each has PHP files of its own in its dataroot (caches of templates, components and settings).
    pub sites: u32,
}

/// Memory of one script, in KiB: 23 measured, and a tenth for what is replaced and wasted.
const SCRIPT_KIB: u64 = 26;

/// PHP files of one site's dataroot that a site in use keeps in opcache: measured 153 in a new one.
const FILES_PER_SITE: u64 = 300;

/// Memory of the strings of the first build, in MiB; measured 99.
const STRINGS_MIB: u64 = 112;

/// Memory of the strings that one more build or 20 more sites add, in MiB; measured 4 for a build two versions away.
const MORE_STRINGS_MIB: u64 = 8;

/// Least and most places for scripts: PHP silently falls back to 10,000 when told less than 200 or more than a million.
const PLACES: (u64, u64) = (16_000, 1_000_000);

/// The most memory for strings that PHP takes, in MiB.
const MOST_STRINGS_MIB: u64 = 4095;

/// Returns opcache's settings, in the order they are written in.
///
/// What was decided, and why:
///
/// - `validate_timestamps = 1`: builds never change and a site's file has its content in its name, so for those it could
///   be 0. But Moodle writes PHP files into the dataroot (`muc/config.php`, `cache/core_component.php`, customised
///   language strings) also from the command line, which cannot reach this opcache: with 0, a cache purged by cron would
///   live on in the web server for ever. One check of one file every two seconds costs nothing that can be measured.
/// - `validate_permission = 1`: without it any pool gets the content of any cached file, another site's configuration
///   with its password included, whatever its mode. It is honoured whatever `validate_timestamps` says (tested).
/// - `validate_root = 1`: the same for pools with a `chroot`.
/// - a file whose time is 0 is never cached (tested): builds have a time above 0.
/// - `file_update_protection` stays at its 2 seconds: a file that is being written is not cached.
/// - `save_comments = 1`: Moodle reads the comments of its classes.
pub fn opcache_ini(sizing: &OpcacheSizing) -> Vec<(String, String)> {
    let builds = u64::from(sizing.live_builds.max(1));
    let sites = u64::from(sizing.sites);
    // More files than there are places cannot be held, and need no memory.
    let files = (u64::from(sizing.php_files) + FILES_PER_SITE * sites).min(PLACES.1);
    let strings = (STRINGS_MIB + MORE_STRINGS_MIB * (builds - 1 + sites / 20)).min(MOST_STRINGS_MIB);
    // opcache takes the memory of the strings, and of the table (about 64 bytes a place), out of the whole.
    let places = (files + files / 10).clamp(PLACES.0, PLACES.1);
    let memory = strings + (files * SCRIPT_KIB).div_ceil(1024) + (places * 64).div_ceil(1024 * 1024) + 16;
    let settings: [(&str, u64); 15] = [
        ("opcache.enable", 1),
        ("opcache.enable_cli", 0),
        ("opcache.memory_consumption", memory),
        ("opcache.interned_strings_buffer", strings),
        ("opcache.max_accelerated_files", places),
        ("opcache.max_wasted_percentage", 10),
        ("opcache.validate_timestamps", 1),
        ("opcache.revalidate_freq", 2),
        ("opcache.revalidate_path", 0),
        ("opcache.validate_permission", 1),
        ("opcache.validate_root", 1),
        ("opcache.use_cwd", 1),
        ("opcache.save_comments", 1),
        ("opcache.enable_file_override", 0),
        ("opcache.file_update_protection", 2),
    ];
    settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_string())).collect()
}
