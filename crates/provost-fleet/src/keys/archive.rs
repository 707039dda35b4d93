//! The tables of `[archive.NAME]`.

use super::{Key, Kind, Table, optional, required};

pub(crate) static ARCHIVE: Table = Table {
    what: "an archive session",
    header: "[archive.NAME]",
    doc: "A session that moves courses from one site to another, one by one, and proves that each arrived. Texts may have `{year}`, \
          `{year-1}`, `{year+1}`: the year in which a session starts, so that one declaration serves every year. `{{` and `}}` are \
          braces.",
    keys: &[
        required("from", Kind::TextOrTable(&END), "Where the courses are: a site's name."),
        required(
            "to",
            Kind::TextOrTable(&END),
            "Where they go: a site's name. The same site makes a move of it.",
        ),
        required(
            "select",
            Kind::TableList(&SELECTION),
            "Which courses: a list of tables, of which a course must fit one.",
        ),
        optional(
            "exclude",
            Kind::TableList(&SELECTION),
            "none",
            "Which of them not: a list of the same tables.",
        ),
        optional(
            "place",
            Kind::TextOrTable(&PLACE),
            "same",
            "Where they come to lie: `same` (the categories of the source), `{ under = \"…\" }` or `{ rewrite = \"…\" }`.",
        ),
        optional("backup", Kind::Table(&BACKUP), "everything", "What of them is moved."),
        optional("users", Kind::Table(&USERS), "", "How people of the source are found at the target."),
        optional("restore", Kind::Table(&RESTORE), "", "How they are restored."),
        optional("after", Kind::Table(&AFTER), "", "What is done to the copies."),
        optional(
            "source",
            Kind::Text,
            "keep",
            "What becomes of the originals, once there is a receipt: `keep`, `hide`, or `delete` (hidden first, deleted after the \
             quarantine, on approval).",
        ),
        optional("quarantine_days", Kind::Integer, "30", "Days between hiding an original and deleting it."),
        optional(
            "window",
            Kind::Text,
            "at any time",
            "When units run: `22:00-05:30`, or `mon-fri 22:00-05:30` with the days on which it begins.",
        ),
        optional("windows", Kind::Texts, "at any time", "Several windows, instead of `window`."),
        optional(
            "days",
            Kind::Text,
            "every day",
            "The days on which windows begin that name none: `mon-fri`, `sat,sun`.",
        ),
        optional(
            "timezone",
            Kind::Text,
            "UTC",
            "The time zone of windows, exceptions and the year, such as `Europe/Paris`.",
        ),
        optional(
            "exceptions",
            Kind::Texts,
            "none",
            "Days on which no window begins: `2026-06-08`, `2026-06-08..2026-06-19`, or every year `06-08..06-19`.",
        ),
        optional(
            "overrun",
            Kind::Text,
            "finish",
            "What a unit does that is still running when its window ends: `finish`, as far as it gets in four minutes, or `stop` when its \
             phase is done. Then a phase is broken off, and begins again in the next window.",
        ),
        optional("workers", Kind::Integer, "2", "Units at once."),
        optional(
            "transport",
            Kind::Text,
            "shared",
            "How contents travel: `shared` (over paths that both ends see) and `ssh`, both without what the target has already; or \
             `full`, the whole `.mbz`.",
        ),
        optional(
            "registry",
            Kind::Text,
            "sqlite",
            "Where units are booked: `sqlite`, or `database.NAME`, a PostgreSQL of this file, for workers on several machines.",
        ),
        optional(
            "accept",
            Kind::Texts,
            "none",
            "Names of problems and differences that do not stop a unit, as `archive plan` and reports write them; with `:` and what \
             they are about, only those: `plugin:mod_x`.",
        ),
        optional("notify", Kind::Table(&NOTIFY), "nobody", "Who is told of the end and of failures."),
    ],
    later: &["store"],
};

pub(crate) static END: Table = Table {
    what: "an end of a session",
    header: "from = { … }, to = { … }",
    doc: "A site whose files lie on another machine, which is reached by SSH with the keys of whoever runs Provost.",
    keys: &[
        required("site", Kind::Text, "The site's name."),
        required(
            "host",
            Kind::Text,
            "The machine: a name, an address, or a `Host` of the SSH configuration.",
        ),
        optional("user", Kind::Text, "SSH decides", "The account there."),
        optional("port", Kind::Integer, "SSH decides", "The port there."),
        optional(
            "directory",
            Kind::Text,
            "the account's temporary directory",
            "A directory there for what is on its way: absolute.",
        ),
    ],
    later: &[],
};

pub(crate) static SELECTION: Table = Table {
    what: "a selection",
    header: "select = [{ … }], exclude = [{ … }]",
    doc: "Courses that one root leads to (`category`, `courses`, or the whole site) and that pass every filter. In patterns `*` is any \
          text and `?` any character. Dates are `2024-08-31`, `{year-1}-08-31`, or an age such as `365d`.",
    keys: &[
        optional(
            "category",
            Kind::Text,
            "the whole site",
            "A category's path, such as `/Sessions/{year-1}`, with all that is below it. Each part is a pattern; `\\/` is a slash in a name.",
        ),
        optional("below", Kind::Boolean, "true", "Whether categories below it are taken too."),
        optional(
            "courses",
            Kind::Text,
            "the whole site",
            "A list (CSV) with a column `id`, `shortname` or `idnumber`; relative to the fleet file.",
        ),
        optional("shortname", Kind::Text, "any", "Pattern of the short name."),
        optional("fullname", Kind::Text, "any", "Pattern of the full name."),
        optional("idnumber", Kind::Text, "any", "Pattern of the id number."),
        optional("started_before", Kind::Text, "any", "It began before. One without a start date did not."),
        optional("ended_before", Kind::Text, "any", "It ended before. One without an end date did not."),
        optional(
            "unused_since",
            Kind::Text,
            "any",
            "Nobody was in it since. One where nobody ever was counts from when it was made.",
        ),
        optional("tags", Kind::Texts, "any", "Tags, all of which it has."),
        optional(
            "customfields",
            Kind::TextsByName,
            "any",
            "Patterns of custom fields' values, by the fields' short names.",
        ),
        optional("at_least", Kind::Size, "any", "Its files have at least so much."),
        optional("at_most", Kind::Size, "any", "Its files have at most so much."),
        optional("visible", Kind::Boolean, "any", "Whether it is visible."),
        optional("format", Kind::Text, "any", "Its course format, such as `topics`."),
        optional(
            "enrolments_ended",
            Kind::Boolean,
            "any",
            "Whether no enrolment in it is in force any more. One without enrolments has none.",
        ),
    ],
    later: &[],
};

pub(crate) static PLACE: Table = Table {
    what: "a place",
    header: "place = { … }",
    doc: "Where courses come to lie: exactly one of these. Categories that are missing are made, with the names, descriptions and \
          visibility of the source's.",
    keys: &[
        optional("under", Kind::Text, "", "A category's path; below it come the categories of the source."),
        optional(
            "rewrite",
            Kind::Text,
            "",
            "A rule for the path: `/Archives/{year}/{path}`. `{path}` is the path at the source, `{below}` what of it is below the \
             selected category, `{category}` its last name.",
        ),
    ],
    later: &[],
};

pub(crate) static BACKUP: Table = Table {
    what: "a backup",
    header: "backup = { … }",
    doc: "What of a course is moved.",
    keys: &[
        on("users", "People, and what is theirs: attempts, submissions, posts, grades, completion."),
        optional("anonymize", Kind::Boolean, "false", "Whether people are made unrecognisable."),
        on("role_assignments", "Who has which role."),
        on("logs", "The course's log."),
        on("grade_histories", "How grades came to be."),
        on("completion", "Who has completed what."),
        on("blocks", "Blocks."),
        on("filters", "Which text filters are on."),
        on("comments", "Comments."),
        on("badges", "Badges."),
        on("calendar", "Calendar events."),
        on("groups", "Groups and groupings."),
        on("competencies", "Competencies."),
        on("content_bank", "The content bank."),
        on("xapi_state", "xAPI states."),
        on("legacy_files", "Files of courses from Moodle 1.9."),
    ],
    later: &[],
};

const fn on(name: &'static str, doc: &'static str) -> Key {
    optional(name, Kind::Boolean, "true", doc)
}

pub(crate) static USERS: Table = Table {
    what: "a mapping of users",
    header: "users = { … }",
    doc: "How a person of the source is found at the target.",
    keys: &[
        optional(
            "match",
            Kind::Text,
            "username",
            "What both accounts have in common: `username`, `email`, `idnumber`, or `core` (as Moodle's restore does: user name, and \
             address or first access).",
        ),
        optional(
            "table",
            Kind::Text,
            "none",
            "A list (CSV, columns `source` and `target`: user names) that goes before; relative to the fleet file.",
        ),
        optional(
            "unmatched",
            Kind::Text,
            "create",
            "Who is not there: `create` an account, as Moodle's restore does, or `stop`.",
        ),
        optional(
            "taken",
            Kind::Text,
            "stop",
            "Who is not there and whose user name somebody else has: `stop`, `map` (they become that account) or `rename` (they get \
             another user name).",
        ),
        optional(
            "admin",
            Kind::Text,
            "as `taken`",
            "The same for who is called as the target's main administrator.",
        ),
        optional(
            "deleted",
            Kind::Boolean,
            "false",
            "Whether an account that was deleted at the target takes what is restored; else the unit stops.",
        ),
    ],
    later: &[],
};

pub(crate) static RESTORE: Table = Table {
    what: "a restore",
    header: "restore = { … }",
    doc: "How courses are restored.",
    keys: &[
        optional(
            "clash",
            Kind::Text,
            "stop",
            "When another course of the target has the short name or id number: `stop`, or `number` (the copy's short name gets a \
             number, its id number stays empty).",
        ),
        optional(
            "roles",
            Kind::TextsByName,
            "none",
            "Roles of the source by short name, with the short name of the role of the target that takes their place.",
        ),
    ],
    later: &[],
};

pub(crate) static AFTER: Table = Table {
    what: "what is done after a restore",
    header: "after = { … }",
    doc: "What is done to a copy once it is whole. Until then it is hidden.",
    keys: &[
        optional(
            "hide",
            Kind::Boolean,
            "false",
            "Whether it stays hidden; else it is visible if the original was.",
        ),
        optional("freeze", Kind::Boolean, "false", "Whether it is made read-only, by locking its context."),
        optional("enrolments", Kind::Text, "keep", "`keep`, `suspend` or `end` them."),
        optional("rename", Kind::Table(&RENAME), "as the original", "New names."),
        optional("tags", Kind::Texts, "none", "Tags that it gets besides its own."),
        optional("notice", Kind::Text, "none", "A text (HTML) at its top; knows what `rename` knows."),
        optional(
            "script",
            Kind::Text,
            "none",
            "A PHP file that returns a function, which is called in the target's Moodle with the course's row and must be fit to run again; \
             relative to the fleet file.",
        ),
    ],
    later: &[],
};

pub(crate) static RENAME: Table = Table {
    what: "a renaming",
    header: "rename = { … }",
    doc: "New names of a copy. Each may have `{shortname}`, `{fullname}`, `{idnumber}`, `{category}` and the year.",
    keys: &[
        optional("fullname", Kind::Text, "the original's", "The full name."),
        optional("shortname", Kind::Text, "the original's", "The short name."),
        optional("idnumber", Kind::Text, "the original's", "The id number; an empty text takes it away."),
    ],
    later: &[],
};

pub(crate) static NOTIFY: Table = Table {
    what: "a notice",
    header: "notify = { … }",
    doc: "Who is told when a session has finished, and when a unit has failed for good.",
    keys: &[
        optional("mail", Kind::Texts, "nobody", "Addresses."),
        optional(
            "webhook",
            Kind::TextOrSecret,
            "none",
            "A URL that gets JSON by POST; one with a token in it as a reference to a secret.",
        ),
    ],
    later: &[],
};
