//! What Provost knows of Moodle's own formats: names, versions, plugin types, configuration files, agent frames.
//!
//! Everything here is pure: functions take bytes or text and return values. Nothing opens a file, starts a process,
//! reads the environment or knows of a network, so all of it can be tested, fuzzed and called from anywhere.

/// Frames between Provost and the PHP process inside a site, and the decoder that finds them in mixed output.
pub mod agent;
/// Which branch or tag of a plugin's repository, where the user says nothing.
pub mod branch_choice;
/// The plugins directory's list of plugins and their versions.
pub mod catalogue;
/// What an update brings: database steps, new settings, words of security.
pub mod changes;
/// Frankenstyle names of plugins (`mod_attendance`).
pub mod component;
/// Where a tree keeps its plugins: `lib/components.json`, `db/subplugins.json`, and the layout with or without `public/`.
pub mod components;
/// The one `config.php` that every build carries, and that finds the site at hand.
pub mod config_hook;
/// What a Moodle asks of the machine: `environment.xml`.
pub mod environment;
/// Whether a version of a plugin can run on a Moodle.
pub mod fit;
/// Course backups, read and verified without trusting them.
pub mod mbz;
mod nearest;
/// A typed writer of PHP literals.
pub mod php;
/// PHP source read without running it: tokens, literals, plain assignments.
pub mod php_source;
/// Branches and tags of a git repository, as `git ls-remote` prints them.
pub mod refs;
/// What a user may write for "which Moodle", and how it is found among a repository's branches and tags.
pub mod request;
/// Role presets: one role's definition, as core exports it.
pub mod role_preset;
/// The small PHP file that holds one site's configuration.
pub mod site_file;
/// Which versions of a codebase's plugins go together on a Moodle.
pub mod solve;
/// One SQL statement for many sites, as an administrator writes it.
pub mod sql;
/// A reader of `version.php` that runs no PHP.
pub mod version_php;
