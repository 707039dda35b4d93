//! The kinds of errands: each with the agent's operation, what it is to a site, and the minutes that a site may take.

use std::time::Duration;

use super::{Effect, Kind};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $operation:literal, $effect:ident, $minutes:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $name: Kind =
                Kind { operation: $operation, effect: Effect::$effect, allowed: Duration::from_mins($minutes) };
        )*

        /// Every kind, for who reads one out of the journal.
        pub(super) static KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    /// Empties all caches.
    CACHES_PURGE = "caches.purge", Changes, 5;
    /// Makes a category.
    CATEGORIES_CREATE = "categories.create", Changes, 5;
    /// Deletes a category.
    CATEGORIES_DELETE = "categories.delete", Destroys, 240;
    /// Categories of courses.
    CATEGORIES_LIST = "categories.list", Looks, 5;
    /// Shows, hides, moves or renames a category.
    CATEGORIES_SET = "categories.set", Changes, 30;
    /// The checks of the site's administration.
    CHECKS_RUN = "checks.run", Looks, 10;
    /// Deletes courses.
    COURSES_DELETE = "courses.delete", Destroys, 600;
    /// Courses that fit a rule.
    COURSES_LIST = "courses.list", Looks, 10;
    /// Restores a backup of a course.
    COURSES_RESTORE = "courses.restore", Changes, 240;
    /// Shows, hides or moves courses.
    COURSES_SET = "courses.set", Changes, 30;
    /// Deletes a file that a plugin keeps for the whole site.
    FILES_DELETE = "files.delete", Destroys, 5;
    /// Files that a plugin keeps for the whole site.
    FILES_LIST = "files.list", Looks, 5;
    /// Puts a file there.
    FILES_PUT = "files.put", Changes, 10;
    /// What is in such a file.
    FILES_READ = "files.read", Looks, 5;
    /// Filters and their states.
    FILTERS_LIST = "filters.list", Looks, 5;
    /// Sets a filter's state.
    FILTERS_SET = "filters.set", Changes, 5;
    /// Installs a language pack.
    LANG_ADD = "lang.add", Changes, 30;
    /// Changes strings of a language.
    LANG_CHANGE = "lang.change", Changes, 30;
    /// Changes strings as a file says.
    LANG_IMPORT = "lang.import", Changes, 30;
    /// Language packs.
    LANG_LIST = "lang.list", Looks, 5;
    /// Takes a language pack away.
    LANG_REMOVE = "lang.remove", Changes, 10;
    /// Strings that were changed.
    LANG_STRINGS = "lang.strings", Looks, 10;
    /// Has core update language packs.
    LANG_UPDATE = "lang.update", Changes, 60;
    /// Stops mail, or says how it is.
    MAIL_SET = "mail.set", Changes, 5;
    /// Says whether mail is stopped.
    MAIL_STATUS = "mail.set", Looks, 5;
    /// Plugins, their versions and states.
    PLUGINS_LIST = "plugins.list", Looks, 5;
    /// Enables or disables plugins.
    PLUGINS_STATE = "plugins.state", Changes, 10;
    /// Takes a plugin's data away.
    PLUGINS_UNINSTALL = "plugins.uninstall", Destroys, 240;
    /// Brings the list of capabilities to what the code says.
    ROLES_CAPABILITIES = "roles.capabilities", Changes, 10;
    /// Definitions of roles, as core exports them.
    ROLES_PRESET = "roles.preset", Looks, 5;
    /// Writes settings.
    SETTINGS_SET = "settings.set", Changes, 10;
    /// Brings rows of a table from elsewhere.
    TABLES_MERGE = "tables.merge", Destroys, 60;
    /// Scheduled tasks.
    TASKS_LIST = "tasks.list", Looks, 5;
    /// Runs a scheduled task.
    TASKS_RUN = "tasks.run", Changes, 240;
    /// Says when a scheduled task runs, and whether.
    TASKS_SET = "tasks.set", Changes, 5;
    /// Replaces a text in what people wrote.
    TEXT_REPLACE = "text.replace", Destroys, 240;
    /// Makes style sheets.
    THEME_BUILD = "theme.build", Changes, 30;
    /// Makes an account an administrator, or not.
    USERS_ADMIN = "users.admin", Changes, 5;
    /// Gives a role, or takes it away.
    USERS_ASSIGN = "users.assign", Changes, 5;
    /// Makes an account.
    USERS_CREATE = "users.create", Changes, 5;
    /// Deletes accounts.
    USERS_DELETE = "users.delete", Destroys, 600;
    /// Enrols an account in a course, or ends that.
    USERS_ENROL = "users.enrol", Changes, 10;
    /// Accounts that fit a rule.
    USERS_LIST = "users.list", Looks, 10;
    /// Ends sessions.
    USERS_LOGOUT = "users.logout", Changes, 10;
    /// Gives an account another password.
    USERS_PASSWORD = "users.password", Changes, 5;
    /// The roles that an account has.
    USERS_ROLES = "users.roles", Looks, 5;
    /// Suspends an account.
    USERS_SUSPEND = "users.suspend", Changes, 5;
}
