//! Every table of the fleet file and its keys: one list, from which come the detection of unknown keys, the reference and the
//! schema.

pub(crate) mod archive;

/// What a value may be, for the reference and the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Integer,
    Texts,
    TextOrTexts,
    Size,
    /// A text such as `10m`.
    Duration,
    /// Durations by a name that is not known beforehand.
    Durations,
    Secret,
    Table(&'static Table),
    Tables(&'static Table),
    TextOrTable(&'static Table),
    /// By name, each a table or a text.
    TextsOrTables(&'static Table),
    /// A list of tables.
    TableList(&'static Table),
    /// Texts by a name that is not known beforehand.
    TextsByName,
    /// A text, or a reference to a secret.
    TextOrSecret,
    /// Settings of Moodle, by their names.
    Settings,
    /// The value of one.
    Setting,
}

/// One key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What holds where it is not given; `None`: it must be given.
    pub(crate) default: Option<&'static str>,
    pub(crate) doc: &'static str,
}

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// As a person would call it: "a site".
    pub(crate) what: &'static str,
    /// How its header is written.
    pub(crate) header: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys that later versions will know.
    pub(crate) later: &'static [&'static str],
}

impl Table {
    /// Whether a value in this table can be a secret, so that one in the wrong place must not be shown.
    pub(crate) fn holds_secrets(&self) -> bool {
        self.header == SECRET.header
            || self
                .keys
                .iter()
                .any(|key| matches!(key.kind, Kind::Secret | Kind::TextOrSecret | Kind::Setting))
    }
}

const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { name, kind, default: None, doc }
}

const fn optional(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default: Some(default), doc }
}

/// The whole file.
pub(crate) static ROOT: Table = Table {
    what: "the fleet file",
    header: "fleet.toml",
    doc: "The whole file.",
    keys: &[
        required("fleet", Kind::Table(&FLEET), "The fleet itself."),
        optional("web", Kind::Table(&WEB), "", "How the fleet is served."),
        optional("cron", Kind::Table(&CRON), "", "How the sites' cron is run."),
        optional(
            "database",
            Kind::Tables(&DATABASE),
            "a managed PostgreSQL called `main`",
            "Database servers, by name.",
        ),
        optional(
            "redis",
            Kind::Tables(&REDIS),
            "none: sessions in the database, caches in files",
            "Where sites keep sessions and caches, by name.",
        ),
        optional("codebase", Kind::Tables(&CODEBASE), "none", "Codebases, by name."),
        optional("profile", Kind::Tables(&PROFILE), "none", "Profiles: settings that sites share, by name."),
        optional(
            "template",
            Kind::Tables(&TEMPLATE),
            "none",
            "Templates, by name: closed sites that others are cloned from.",
        ),
        optional("site", Kind::Tables(&SITE), "none", "Sites, by name."),
        optional(
            "archive",
            Kind::Tables(&archive::ARCHIVE),
            "none",
            "Sessions that move courses between sites, by name.",
        ),
    ],
    later: &["include"],
};

pub(crate) static FLEET: Table = Table {
    what: "the fleet",
    header: "[fleet]",
    doc: "The fleet itself.",
    keys: &[
        required("name", Kind::Text, "Its name: lower-case letters, digits, `-`, `_`; at most 20."),
        optional(
            "moodle_git",
            Kind::Text,
            "https://github.com/moodle/moodle.git",
            "Where Moodle comes from: a git URL or an absolute path. A codebase may name a fork with `git`.",
        ),
        optional(
            "catalogue",
            Kind::Text,
            "https://download.moodle.org/api/1.3/pluglist.php",
            "The plugins directory's list, for plugins without a source: a URL, or a path relative to the fleet file.",
        ),
        optional(
            "state",
            Kind::Text,
            "`/var/lib/provost/NAME` as root, `~/.local/state/provost/NAME` as a user",
            "The directory that holds everything of the fleet: absolute.",
        ),
    ],
    later: &[],
};

pub(crate) static WEB: Table = Table {
    what: "the web server",
    header: "[web]",
    doc: "How the fleet's own nginx serves it.",
    keys: &[
        optional("listen", Kind::TextOrTexts, "127.0.0.1:8080", "Address and port, or a list of them."),
        optional(
            "tls",
            Kind::TextOrTable(&TLS),
            "off",
            "Who ends TLS: `off`, `upstream` (a proxy in front), or `{ certificate, key }`.",
        ),
        optional(
            "trusted_proxies",
            Kind::Texts,
            "none",
            "Addresses or networks whose `X-Forwarded-For` is believed.",
        ),
    ],
    later: &[],
};

pub(crate) static CRON: Table = Table {
    what: "the cron",
    header: "[cron]",
    doc: "How the cron of all sites is run, and when somebody is told. Times are written `90s`, `10m`, `2h`, `1d`.",
    keys: &[
        optional("enabled", Kind::Boolean, "true", "Whether `provost up` runs the sites' cron."),
        optional("period", Kind::Duration, "1m", "Shortest time between two starts of one site's cron."),
        optional(
            "workers",
            Kind::Integer,
            "three per core, at least 4",
            "PHP processes at once: a quarter for ad hoc tasks, a quarter for what takes longer than a minute, the rest for all else.",
        ),
        optional("timeout", Kind::Duration, "15m", "Longest run of one scheduled task; then it is ended."),
        optional("adhoc_timeout", Kind::Duration, "1h", "Longest run of one ad hoc task."),
        optional(
            "timeouts",
            Kind::Durations,
            "six hours for `core\\task\\automated_backup_task`",
            "Longest run of single tasks, by class.",
        ),
        optional(
            "late",
            Kind::Duration,
            "15m",
            "A site is in trouble when something has been due for so long and its cron did not run.",
        ),
        optional(
            "fail_delay",
            Kind::Duration,
            "1h",
            "A site is in trouble when Moodle waits so long between attempts of a task that fails.",
        ),
        optional("queue", Kind::Integer, "1000", "A site is in trouble when so many ad hoc tasks are due."),
        optional(
            "command",
            Kind::Texts,
            "none",
            "Program and arguments that are told, as JSON on standard input, when sites get into trouble and out of it.",
        ),
    ],
    later: &[],
};

pub(crate) static TLS: Table = Table {
    what: "a certificate",
    header: "tls = { … }",
    doc: "A certificate that nginx uses for all sites.",
    keys: &[
        required("certificate", Kind::Text, "The certificate chain (PEM): absolute path."),
        required("key", Kind::Text, "The private key (PEM): absolute path."),
    ],
    later: &[],
};

pub(crate) static DATABASE: Table = Table {
    what: "a database server",
    header: "[database.NAME]",
    doc: "A server that sites live on.",
    keys: &[
        optional("engine", Kind::Text, "postgresql", "`postgresql` or `mariadb`."),
        optional(
            "managed",
            Kind::Boolean,
            "false",
            "Whether Provost runs a private server; excludes `host`.",
        ),
        optional(
            "host",
            Kind::Text,
            "none",
            "Host of an existing server; or, beginning with `/`, the directory of PostgreSQL's Unix socket, or MariaDB's Unix socket itself.",
        ),
        optional("port", Kind::Integer, "5432, or 3306 for MariaDB", "Its port."),
        optional(
            "admin",
            Kind::Table(&ADMIN),
            "none",
            "A role that may create databases and roles there; on MariaDB one that may also read `mysql.global_priv` and `mysql.db`.",
        ),
    ],
    later: &[],
};

pub(crate) static ADMIN: Table = Table {
    what: "a server's administrator",
    header: "admin = { … }",
    doc: "The login with which Provost administers an existing server.",
    keys: &[
        required("user", Kind::Text, "The role's name."),
        required("password", Kind::Secret, "Its password."),
    ],
    later: &[],
};

pub(crate) static REDIS: Table = Table {
    what: "a redis",
    header: "[redis.NAME]",
    doc: "Two instances of Redis, one for sessions and one for Moodle's application caches. Each site is a user of its own there, who \
          reaches nothing of another's.",
    keys: &[
        optional(
            "managed",
            Kind::Boolean,
            "false",
            "Whether Provost runs both; excludes `sessions`, `caches` and `admin`.",
        ),
        optional(
            "sessions_memory",
            Kind::Size,
            "256M",
            "Memory of the managed instance for sessions. When it is full nobody can log in.",
        ),
        optional(
            "caches_memory",
            Kind::Size,
            "256M",
            "Memory of the managed instance for caches. When it is full it forgets what was not used for long.",
        ),
        optional(
            "sessions",
            Kind::Table(&REDIS_ADDRESS),
            "none",
            "An existing instance for sessions: one whose `maxmemory-policy` is `noeviction`.",
        ),
        optional(
            "caches",
            Kind::Table(&REDIS_ADDRESS),
            "none",
            "An existing instance for caches: another one, whose `maxmemory-policy` is `allkeys-lru` or the like.",
        ),
        optional("admin", Kind::Table(&ADMIN), "none", "A user of both existing instances that may do all."),
    ],
    later: &[],
};

pub(crate) static REDIS_ADDRESS: Table = Table {
    what: "the address of a Redis",
    header: "sessions = { … }, caches = { … }",
    doc: "Where an existing Redis is.",
    keys: &[
        required(
            "host",
            Kind::Text,
            "Its host; or, beginning with `/`, its Unix socket, whose path has no capitals.",
        ),
        optional("port", Kind::Integer, "6379", "Its port."),
    ],
    later: &[],
};

pub(crate) static CODEBASE: Table = Table {
    what: "a codebase",
    header: "[codebase.NAME]",
    doc: "A Moodle and its plugins.",
    keys: &[
        required(
            "moodle",
            Kind::Text,
            "`4.5` newest tag of the minor, `4.5+` tip of its stable branch, `4.5.1`, a tag, a branch, or a commit of 40 digits.",
        ),
        optional("git", Kind::Text, "the fleet's `moodle_git`", "Where this Moodle comes from."),
        optional(
            "plugins",
            Kind::TextsOrTables(&PLUGIN),
            "none",
            "Plugins, by component (`mod_attendance`): a table as below, or the version of a release in the plugins directory, as a text.",
        ),
        optional(
            "patches",
            Kind::Texts,
            "none",
            "Patch files, relative to the fleet file, applied in this order; paths in them start at Moodle's top directory.",
        ),
    ],
    later: &["php"],
};

pub(crate) static PLUGIN: Table = Table {
    what: "a plugin",
    header: "[codebase.NAME.plugins] COMPONENT = { … }",
    doc: "Where a plugin comes from: at most one of `git`, `zip`, `path` and `absent`. None means the plugins directory's newest \
          release for this Moodle. With `git`, at most one of `tag`, `branch` and `commit`; none means branch \
          `MOODLE_<version>_STABLE`, else the newest release whose authors support this Moodle, else the default branch.",
    keys: &[
        optional("git", Kind::Text, "none", "A git URL or an absolute path."),
        optional("tag", Kind::Text, "none", "A tag."),
        optional("branch", Kind::Text, "none", "A branch."),
        optional("commit", Kind::Text, "none", "A commit of 40 digits."),
        optional("zip", Kind::Text, "none", "A zip archive: a URL, or a path relative to the fleet file."),
        optional("path", Kind::Text, "none", "A directory; relative to the fleet file."),
        optional("absent", Kind::Boolean, "false", "Whether one that comes with Moodle must not be there."),
    ],
    later: &[],
};

pub(crate) static PROFILE: Table = Table {
    what: "a profile",
    header: "[profile.NAME]",
    doc: "Settings that sites and templates take by its name. Of a setting that several declare one alone counts, whole: the site's own, else \
          that of its last profile, the template's own, that of the template's last profile; a profile's own are stronger than its parents'.",
    keys: &[
        optional(
            "parents",
            Kind::Texts,
            "none",
            "Profiles that it has all settings of; of two the later one counts.",
        ),
        optional("settings", Kind::Settings, "none", "The settings."),
    ],
    later: &["language"],
};

pub(crate) static SETTING: Table = Table {
    what: "a setting",
    header: "\"PLUGIN/NAME\" = …",
    doc: "A setting of Moodle, called as in its tables: `\"core/timezone\"`, `\"quiz/attempts\"`. A text, a whole number, `true` and `false` (1 and \
          0), a list of texts (joined by commas), a secret; or a table of these keys. What is taken out of the file stays on the sites as it is.",
    keys: &[
        optional(
            "value",
            Kind::Setting,
            "none",
            "What it shall be; a secret as `{ env = … }`, `{ file = … }` or `{ command = … }`.",
        ),
        optional(
            "policy",
            Kind::Text,
            "kept",
            "`kept`: every `apply` sets it; `forced`: it is in the configuration file, and locked on the site; `seeded`: it is set once, and the site's from then on.",
        ),
        optional(
            "absent",
            Kind::Boolean,
            "false",
            "`true`: it is taken away, so that Moodle's default holds.",
        ),
    ],
    later: &[],
};

pub(crate) static TEMPLATE: Table = Table {
    what: "a template",
    header: "[template.NAME]",
    doc: "A site that is made once, closed to visitors and to connections, and that sites with `template = \"NAME\"` are cloned from. \
          It is made anew when its codebase or what is written here changes; sites that were cloned from it are not touched.",
    keys: &[
        optional(
            "codebase",
            Kind::Text,
            "the only one there is",
            "The codebase that it and its clones run on.",
        ),
        optional(
            "database",
            Kind::Text,
            "the only one there is",
            "The server of its database and of its clones'.",
        ),
        optional("database_name", Kind::Text, "`FLEET_template_NAME`", "Name of its database and role."),
        optional("prefix", Kind::Text, "mdl_", "What its and its clones' tables' names begin with."),
        optional(
            "redis",
            Kind::Text,
            "the only one there is",
            "Where its clones keep sessions and caches; the template itself has no visitors, and uses none.",
        ),
        optional("language", Kind::Text, "en", "The language it is installed in."),
        optional(
            "courses",
            Kind::Texts,
            "none",
            "Course backups (`.mbz`), relative to the fleet file, restored into it in this order.",
        ),
        optional(
            "spares",
            Kind::Integer,
            "0",
            "Clones that are kept ready, closed: a new site takes one of them and is there at once, and `apply` and `up` make another. \
             Each costs a copy of the template's database.",
        ),
        optional(
            "url",
            Kind::Text,
            "none: it cannot be opened",
            "Where `provost template open` serves it, for content that is made by hand.",
        ),
        optional(
            "admin",
            Kind::Table(&SITE_ADMIN),
            "",
            "Its administrator. A clone's own takes the place of it.",
        ),
        optional(
            "profiles",
            Kind::Texts,
            "none",
            "Profiles of its clones: of two that declare one setting the later one counts.",
        ),
        optional(
            "settings",
            Kind::Settings,
            "none",
            "Settings of its clones, stronger than those of its profiles. The template itself is not changed by them.",
        ),
    ],
    later: &[],
};

pub(crate) static SITE: Table = Table {
    what: "a site",
    header: "[site.NAME]",
    doc: "One Moodle.",
    keys: &[
        required(
            "url",
            Kind::Text,
            "Its URL, such as `https://hugo.example.org`, or `https://example.org/hugo` below a host that it shares.",
        ),
        optional(
            "was",
            Kind::Text,
            "none",
            "What it was called before, for `apply` to rename it; may go when that is done.",
        ),
        optional("aliases", Kind::Texts, "none", "Other hosts that are redirected to it."),
        optional(
            "template",
            Kind::Text,
            "none",
            "The template it is cloned from when it is made. Its codebase, server, prefix and language are the template's.",
        ),
        optional(
            "codebase",
            Kind::Text,
            "the template's, else the only one there is",
            "The codebase it runs on.",
        ),
        optional(
            "database",
            Kind::Text,
            "the template's, else the only one there is",
            "The server its database lives on.",
        ),
        optional("database_name", Kind::Text, "`FLEET_SITE`", "Name of its database and role."),
        optional("prefix", Kind::Text, "the template's, else mdl_", "What its tables' names begin with."),
        optional(
            "redis",
            Kind::Text,
            "the template's, else the only one there is",
            "Where it keeps sessions and caches; `none` is its database and its dataroot.",
        ),
        optional("dataroot", Kind::Text, "`<state>/data/sites/NAME`", "Its dataroot: absolute."),
        optional("tags", Kind::Texts, "none", "Words to find it by."),
        optional(
            "enabled",
            Kind::Boolean,
            "true",
            "Whether visitors get the site: `false` has nginx answer a plain page, without PHP.",
        ),
        optional("admin", Kind::Table(&SITE_ADMIN), "", "Its first administrator."),
        optional("full_name", Kind::Text, "its name", "Moodle's name of the site."),
        optional("short_name", Kind::Text, "its name", "Moodle's short name of the site."),
        optional("language", Kind::Text, "the template's, else en", "The language it is installed in."),
        optional("memory_limit", Kind::Size, "256M", "PHP's `memory_limit`."),
        optional("upload_limit", Kind::Size, "100M", "The largest upload."),
        optional("workers", Kind::Integer, "5", "Most PHP processes at once."),
        optional(
            "profiles",
            Kind::Texts,
            "none",
            "Profiles: stronger than its template's, and of two that declare one setting the later one counts.",
        ),
        optional("settings", Kind::Settings, "none", "Its own settings of Moodle, stronger than all others."),
    ],
    later: &[],
};

pub(crate) static SITE_ADMIN: Table = Table {
    what: "a site's administrator",
    header: "admin = { … }",
    doc: "The administrator that a site is installed with. Later changes are the site's own.",
    keys: &[
        optional("user", Kind::Text, "admin", "User name."),
        optional("email", Kind::Text, "`admin@HOST`", "Address."),
        optional("password", Kind::Secret, "generated, and kept in the state directory", "Password."),
    ],
    later: &[],
};

pub(crate) static SECRET: Table = Table {
    what: "a secret",
    header: "{ … }",
    doc: "Where a secret is to be had: exactly one of these.",
    keys: &[
        optional("env", Kind::Text, "", "An environment variable."),
        optional("file", Kind::Text, "", "A file; relative to the fleet file."),
        optional("command", Kind::Texts, "", "A program and its arguments; its output is the secret."),
    ],
    later: &[],
};
