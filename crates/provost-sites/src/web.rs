//! The files of the fleet's own web server: pure functions from plain values to text.
//!
//! Nothing here reads or writes a file, starts a process or looks at the machine. The same values give the same bytes.
//!
//! | module | renders |
//! |---|---|
//! | [`nginx`] | `nginx.conf`, and one file of `server` blocks per site |
//! | [`fpm`] | `php-fpm.conf`, one pool per site, and the ini settings of the master that all pools share |
//! | [`block`], [`ini`] | the two syntaxes, with their quoting |
//!
//! How the two programs are to be started is said at [`nginx::main_file`] and [`fpm::main_file`].

pub mod block;
pub mod fpm;
pub mod ini;
#[cfg(test)]
mod live_tests;
pub mod nginx;

/// What a form may be larger than the largest file in it, in MiB: Moodle's upload forms carry other fields too, and its
/// editor posts whole texts. nginx and PHP must agree, or one of them refuses what the other would take.
pub const FORM_OVERHEAD_MIB: u32 = 8;

/// How long PHP may work on one request, in seconds. Moodle raises its own limits for what may take long; such work belongs to
/// cron.
pub const REQUEST_SECONDS: u32 = 600;

/// How much longer nginx waits for PHP than PHP may take, in seconds: PHP ends first, and its log says why.
pub const GATEWAY_MARGIN_SECONDS: u32 = 10;
