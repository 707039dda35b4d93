//! What is tried of each row, in the order of the table. Later tries may stand on earlier ones.

use super::{Try, ends, well};

/// Every site.
const ALL: &str = "--sites=*";

pub(super) fn rows() -> Vec<(&'static str, Vec<Try>)> {
    let mut rows = instances();
    rows.extend(super_administration());
    rows.extend(plugins_and_roles());
    rows.extend(courses());
    rows.extend(commands());
    rows.extend(operation());
    rows.extend(data());
    rows.extend(reports());
    rows
}

fn instances() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "list of instances: name filter, status, cron count, last cron, gap",
            vec![
                well(&["site", "list"], "installed"),
                well(&["site", "list", "--sites", "h*"], "hugo"),
                well(&["status"], "hugo"),
            ],
        ),
        (
            "generateconfigs, auto_create_vconfig",
            vec![well(&["apply"], "Nothing to do"), well(&["plan"], "Nothing to do")],
        ),
        (
            "test pages for database connection and data path",
            vec![well(&["doctor"], "This machine has all"), well(&["status"], "dumas")],
        ),
        (
            "settings of virtualisation: patterns of names, hosts, data paths, databases",
            vec![well(&["check"], "is valid")],
        ),
        ("script generators: nginx", vec![well(&["status", "--json"], "\"serving\"")]),
        (
            "script generators: shell and SQL with placeholders",
            vec![
                well(&["site", "list", "--json"], "\"url\""),
                well(&["run", "count", "-p", "how=loud"], "loud "),
                well(&["cli", "admin/cli/cfg.php", ALL, "--", "--name=theme"], "boost"),
            ],
        ),
    ]
}

fn super_administration() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "wizard: command, targets by filter, results",
            vec![
                well(&["settings", "set", "forcelogin=1", "--sites", "h* | dumas"], "2 changes on 2 sites"),
                well(&["settings", "get", "forcelogin"], "zola"),
                ends(&["settings", "set", "forcelogin=0"], 4, "which sites"),
            ],
        ),
        (
            "wizard: the same command on other platforms, failed ones again",
            vec![
                ends(&["languages", "remove", "en", "--site", "zola"], 3, "part of Moodle's code"),
                ends(&["retry", "LAST"], 3, "part of Moodle's code"),
                well(&["journal", "LAST"], "zola"),
            ],
        ),
        (
            "SetConfig",
            vec![
                well(
                    &["settings", "set", "forcelogin=0", "theme=classic", ALL, "--dry-run"],
                    "would be made",
                ),
                well(&["settings", "set", "forcelogin=0", "theme=classic", ALL], "theme"),
                well(&["settings", "get", "theme"], "classic"),
                well(&["settings", "set", "theme=classic", ALL], "Nothing to do"),
                well(&["settings", "set", "theme=boost", ALL], "3 changes"),
                ends(&["settings", "set", "theme=nosuch", ALL], 3, "there is no theme 'nosuch'"),
                well(&["settings", "set", "notasetting=x", "--site", "hugo"], "1 change"),
                well(&["settings", "unset", "notasetting", ALL], "1 change on 1 site"),
            ],
        ),
        (
            "SetPluginConfig",
            vec![
                well(
                    &[
                        "settings",
                        "set",
                        "theme_boost/brandcolor=#112233",
                        "quiz/shownotices=x\" $(id) ; 'é",
                        "--site",
                        "hugo",
                    ],
                    "brandcolor",
                ),
                well(&["settings", "get", "theme_boost/brandcolor", "--site", "hugo"], "#112233"),
            ],
        ),
        (
            "CopyFullPluginConfig",
            vec![
                well(
                    &["settings", "copy", "quiz", "theme_boost", "--from", "hugo", "--sites", "zola | dumas"],
                    "shownotices",
                ),
                well(&["settings", "diff", "quiz/*", "theme_boost/*"], "3 sites are equal"),
                well(
                    &["settings", "copy", "quiz", "theme_boost", "--from", "hugo", "--sites", "zola | dumas"],
                    "Nothing to do",
                ),
                well(&["settings", "unset", "quiz/shownotices", ALL], "3 changes"),
            ],
        ),
        (
            "PurgeCaches; purge_caches, bulkpurgecaches",
            vec![
                well(&["caches", "purge", ALL], "3 sites"),
                well(&["caches", "purge", "--stream", "--site", "hugo"], "\"site\":\"hugo\""),
            ],
        ),
        (
            "CopyFile; copy_file",
            vec![
                well(
                    &["files", "put", "core_admin", "logo", "logo.png", "--alone", "--site", "hugo"],
                    "/logo.png",
                ),
                well(&["settings", "get", "core_admin/logo", "--site", "hugo"], "/logo.png"),
                well(
                    &["files", "put", "core_admin", "logo", "logo.png", "--alone", "--site", "hugo"],
                    "Nothing to do",
                ),
                well(&["files", "list", "core_admin", "logo"], "logo.png"),
            ],
        ),
        (
            "CopyFileArea",
            vec![
                well(
                    &["files", "copy", "core_admin", "logo", "--from", "hugo", "--sites", "zola | dumas"],
                    "2 changes on 2 sites",
                ),
                well(&["settings", "get", "core_admin/logo", "--site", "dumas"], "/logo.png"),
                well(&["files", "delete", "core_admin", "logo", "logo.png", ALL, "--yes"], "3 changes"),
                well(&["files", "list", "core_admin", "logo"], "0 rows"),
            ],
        ),
        (
            "CopyTable, with a select",
            vec![
                well(
                    &[
                        "sql",
                        "--write",
                        "--yes",
                        "--site",
                        "hugo",
                        "update {scale} set description = :d where name = :n",
                        "-p",
                        "d=L'Aquila \\ \"%",
                        "-p",
                        "n=Default competence scale",
                    ],
                    "1 row",
                ),
                ends(
                    &[
                        "tables",
                        "copy",
                        "scale",
                        "--from",
                        "hugo",
                        "--key",
                        "name",
                        "--sites",
                        "zola | dumas",
                    ],
                    4,
                    "nothing was done",
                ),
                well(
                    &[
                        "tables",
                        "copy",
                        "scale",
                        "--from",
                        "hugo",
                        "--key",
                        "name",
                        "--where",
                        "courseid = 0",
                        "--yes",
                        "--sites",
                        "zola | dumas",
                    ],
                    "L'Aquila",
                ),
                well(
                    &[
                        "tables",
                        "copy",
                        "scale",
                        "--from",
                        "hugo",
                        "--key",
                        "name",
                        "--yes",
                        "--sites",
                        "zola | dumas",
                    ],
                    "Nothing to do",
                ),
            ],
        ),
        (
            "SyncLangCustomisation",
            vec![
                well(
                    &[
                        "languages",
                        "set",
                        "en",
                        "core/login",
                        "Enter, \"friend\" {$a} $x \\ 'é'",
                        "--site",
                        "hugo",
                    ],
                    "1 change",
                ),
                well(&["languages", "copy", "en", "--from", "hugo", ALL], "2 changes on 2 sites"),
                well(&["languages", "strings", "en", "--site", "dumas"], "Enter, \"friend\" {$a} $x \\ 'é'"),
                well(&["languages", "unset", "en", "core/login", ALL], "3 changes"),
                well(&["languages", "strings"], "0 rows"),
            ],
        ),
        (
            "customlang_import, bulkcustomlangimport",
            vec![
                well(
                    &["languages", "import", "en", "moodle.php", ALL],
                    "left out: this site has no such string",
                ),
                well(&["languages", "strings"], "Go in"),
                well(&["languages", "unset", "en", "core/login", ALL], "3 changes"),
            ],
        ),
    ]
}

fn plugins_and_roles() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "Plugins_Compare",
            vec![
                well(&["plugins", "disable", "mod_glossary", "--site", "dumas"], "disabled"),
                well(&["plugins", "diff", "mod_glossary"], "dumas"),
                well(&["plugins", "list", "mod_glossary"], "3 rows"),
            ],
        ),
        (
            "Plugins_Sync",
            vec![
                well(&["plugins", "copy", "mod_", "--from", "hugo", ALL], "mod_glossary"),
                well(&["plugins", "diff", "mod_"], "3 sites are equal"),
                well(&["plugins", "copy", "mod_", "--from", "hugo", ALL], "Nothing to do"),
            ],
        ),
        (
            "Plugin_Set_State",
            vec![
                well(&["plugins", "disable", "mod_wiki", ALL], "3 changes"),
                well(&["plugins", "disable", "mod_wiki", ALL], "Nothing to do"),
                well(&["plugins", "enable", "mod_wiki", ALL], "enabled"),
                ends(&["plugins", "enable", "mod_nosuch", ALL], 3, "There is no plugin 'mod_nosuch'"),
            ],
        ),
        (
            "Plugin_Set_Filter_State",
            vec![
                well(&["filters", "set", "multilang", "on", ALL], "3 changes"),
                well(&["filters", "list"], "multilang"),
                well(&["filters", "set", "multilang", "disabled", ALL], "3 changes"),
            ],
        ),
        (
            "uninstall_plugins: `--show-all`, `--show-contrib`, `--show-missing`",
            vec![
                well(&["plugins", "list", "--site", "hugo"], "mod_forum"),
                well(&["plugins", "list", "--additional"], "rows of 3 sites"),
            ],
        ),
        ("Role_Compare", vec![well(&["roles", "diff"], "3 sites are equal")]),
        (
            "Role_Sync",
            vec![
                well(&["roles", "sync", "--from-file", "tutor.xml", "--to", "hugo"], "1 made"),
                well(&["roles", "sync", "--from", "hugo", "--to", "zola", "--to", "dumas"], "1 made"),
                well(&["roles", "diff"], "3 sites are equal"),
                well(&["roles", "export", "tutor", "manager", "--from", "zola"], "wrote"),
                well(
                    &[
                        "roles",
                        "sync",
                        "--from-file",
                        "roles/tutor.xml",
                        "--from-file",
                        "roles/manager.xml",
                        ALL,
                    ],
                    "Nothing to do",
                ),
            ],
        ),
        (
            "Role_Capability_Sync",
            vec![
                well(
                    &[
                        "sql",
                        "--write",
                        "--yes",
                        "--site",
                        "zola",
                        "delete from {role_capabilities} where capability = 'mod/quiz:attempt' and permission = -1000",
                    ],
                    "1 row",
                ),
                well(&["roles", "diff", "tutor"], "mod/quiz:attempt"),
                well(&["caches", "purge", "--site", "zola"], "1 site"),
                well(&["roles", "sync", "tutor", "--from", "hugo", "--to", "zola", "--yes"], "1 changed"),
                well(&["roles", "diff", "tutor"], "3 sites are equal"),
                well(&["roles", "capabilities", ALL], "3 sites"),
            ],
        ),
        (
            "Role_Allow_Compare, Role_Allow_Sync",
            vec![
                well(
                    &[
                        "sql",
                        "--write",
                        "--yes",
                        "--site",
                        "dumas",
                        "delete from {role_allow_assign} where roleid in (select id from {role} where shortname = 'tutor')",
                    ],
                    "1 row",
                ),
                well(&["roles", "diff"], "assigns student"),
                well(&["roles", "sync", "tutor", "--from", "hugo", "--to", "dumas", "--yes"], "1 changed"),
                well(&["roles", "diff"], "3 sites are equal"),
            ],
        ),
    ]
}

fn courses() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "CreateCategory by path",
            vec![
                well(
                    &["categories", "create", "Science / L'Aquila & Co", "--idnumber", "AQ", ALL],
                    "3 sites",
                ),
                well(
                    &["categories", "create", "Science / L'Aquila & Co", "--idnumber", "AQ", ALL],
                    "Nothing to do",
                ),
                well(&["categories", "list"], "Science / L'Aquila & Co"),
            ],
        ),
        (
            "set a category's visibility",
            vec![
                well(&["categories", "hide", "idnumber:AQ", ALL], "3 changes"),
                well(&["categories", "show", "idnumber:AQ", ALL], "3 changes"),
                well(&["categories", "rename", "idnumber:AQ", "--name", "Physics", ALL], "Physics"),
                well(&["categories", "move", "Science / Physics", "--to", "", ALL], "3 changes"),
            ],
        ),
        (
            "CheckCourse",
            vec![
                well(&["courses", "list", "--shortname", "R1"], "3 rows of 3 sites"),
                well(&["courses", "list", "--shortname", "nosuch"], "0 rows"),
            ],
        ),
        (
            "set a course's visibility",
            vec![
                well(&["courses", "hide", "--shortname", "R2", ALL], "3 changes"),
                well(&["courses", "show", "--shortname", "R2", ALL], "3 changes"),
                well(&["courses", "move", "--shortname", "R2", "--to", "Physics", ALL], "3 changes"),
            ],
        ),
        (
            "RestoreCourse",
            vec![
                well(
                    &["courses", "restore", "course.mbz", "--category", "Physics", "--shortname", "R'9", ALL],
                    "3 changes",
                ),
                well(
                    &["courses", "restore", "course.mbz", "--category", "Physics", "--shortname", "R'9", ALL],
                    "Nothing to do",
                ),
                well(&["courses", "list", "--category", "Physics"], "R'9"),
                ends(&["courses", "restore", "logo.png", "--category", "Physics", ALL], 3, "backup"),
            ],
        ),
        (
            "EmptyCourseCategory",
            vec![
                ends(&["categories", "empty", "Physics", ALL], 4, "nothing was done"),
                well(&["categories", "empty", "Physics", "--yes", ALL], "6 changes on 3 sites"),
                well(&["courses", "list", "--category", "Physics"], "0 rows"),
            ],
        ),
        (
            "DeleteCourseCategory",
            vec![
                well(&["categories", "delete", "Physics", "--yes", ALL], "3 changes"),
                ends(&["categories", "delete", "Physics", "--yes", ALL], 3, "There is no category"),
                well(&["categories", "delete", "Science", "--yes", ALL], "3 changes"),
            ],
        ),
        (
            "DeleteCourse; remove_courses by category and age",
            vec![
                well(
                    &[
                        "courses",
                        "restore",
                        "course.mbz",
                        "--category",
                        "Category 1",
                        "--shortname",
                        "old",
                        ALL,
                    ],
                    "3 changes",
                ),
                well(
                    &["courses", "delete", "--shortname", "old", "--made-before", "2020-01-01", "--yes", ALL],
                    "Nothing to do",
                ),
                well(
                    &["courses", "delete", "--shortname", "o*", "--category", "Category 1", "--dry-run", ALL],
                    "would be made",
                ),
                well(
                    &["courses", "delete", "--shortname", "o*", "--category", "Category 1", "--yes", ALL],
                    "3 changes",
                ),
            ],
        ),
    ]
}

fn commands() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "Command_Sql, MultiSql",
            vec![
                well(&["sql", "select username from {user} where username = :u", "-p", "u=admin"], "3 rows"),
                well(&["sql", "--saved", "admins", "-p", "who=admin"], "admin"),
                well(
                    &[
                        "sql",
                        "--write",
                        "--yes",
                        ALL,
                        "update {user} set city = 'Torino' where username = 'admin'",
                    ],
                    "3 rows of 3 sites changed",
                ),
                well(&["sql", "--undo", "LAST", "--yes"], "put back"),
            ],
        ),
        (
            "placeholders `[[?param]]`, `[[prefix]]`; kinds of parameters",
            vec![
                well(
                    &["sql", "select username from [[prefix]]user where username = [[?u]]", "-p", "u=admin"],
                    "3 rows",
                ),
                ends(&["run", "count", "-p", "how=other"], 64, "one of plain, loud"),
                ends(&["run", "count", "-p", "deleted=perhaps"], 64, "yes or no"),
            ],
        ),
        (
            "example, test: commands of one's own",
            vec![
                well(&["run"], "Sets a town"),
                well(&["run", "town", "--help"], "It changes something"),
                ends(&["run", "town", "-p", "town=L'Aquila", ALL], 4, "nothing was done"),
                well(&["run", "town", "-p", "town=L'Aquila", ALL, "--yes"], "3 rows of 3 sites changed"),
                well(&["run", "count"], "plain "),
            ],
        ),
        ("CheckStatus", vec![well(&["checks"], "core_cookiesecure"), well(&["status"], "hugo")]),
        (
            "run_command",
            vec![
                well(&["cli", "admin/cli/cfg.php", ALL, "--", "--name=lang"], "en"),
                well(&["php", "said.php", ALL], "user is admin"),
                ends(&["php", "exits.php", ALL], 3, "status 7"),
                ends(&["cli", "../../../etc/passwd", ALL], 64, ""),
            ],
        ),
        (
            "fixture_launcher, bulkfixturelauncher",
            vec![well(&["php", "said.php", "--site", "zola"], "shortname is zola")],
        ),
        (
            "RPC user_exists, create_user",
            vec![
                well(&["users", "list", "--username", "ann"], "0 rows"),
                well(
                    &[
                        "users",
                        "create",
                        "ann",
                        "--first-name",
                        "Ann \"$(id)\"",
                        "--last-name",
                        "O'Hara",
                        "--email",
                        "ann@example.com",
                        ALL,
                    ],
                    "3 changes",
                ),
                well(
                    &[
                        "users",
                        "create",
                        "ann",
                        "--first-name",
                        "Ann \"$(id)\"",
                        "--last-name",
                        "O'Hara",
                        "--email",
                        "ann@example.com",
                        ALL,
                    ],
                    "Nothing to do",
                ),
                well(&["users", "list", "--username", "ann"], "O'Hara"),
            ],
        ),
        (
            "RPC has_role, assign_role",
            vec![
                well(&["users", "assign", "ann", "manager", ALL], "3 changes"),
                well(&["users", "roles", "ann"], "manager"),
                well(&["users", "unassign", "ann", "manager", ALL], "3 changes"),
                well(&["users", "assign", "ann", "manager", "--category", "Category 1", ALL], "3 changes"),
                ends(&["users", "assign", "ann", "nosuch", ALL], 3, "There is no role 'nosuch'"),
            ],
        ),
        (
            "RPC remote_enrol",
            vec![
                well(&["users", "enrol", "ann", "--course", "R1", ALL], "3 changes"),
                well(&["users", "enrol", "ann", "--course", "R1", ALL], "Nothing to do"),
                well(&["users", "roles", "ann"], "student"),
                well(&["users", "unenrol", "ann", "--course", "R1", ALL], "3 changes"),
            ],
        ),
    ]
}

fn operation() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "schedule_task, bulkscheduletask",
            vec![
                well(&["tasks", "list"], "core\\task\\delete_unconfirmed_users_task"),
                well(
                    &["tasks", "schedule", "core\\task\\delete_unconfirmed_users_task", "7 3 * * *", ALL],
                    "3 changes",
                ),
                well(&["tasks", "disable", "core\\task\\delete_unconfirmed_users_task", ALL], "3 changes"),
                well(&["tasks", "enable", "core\\task\\delete_unconfirmed_users_task", ALL], "3 changes"),
                well(&["tasks", "run", "core\\task\\delete_unconfirmed_users_task", ALL], "3 sites"),
                ends(&["tasks", "run", "core\\task\\nosuch", ALL], 3, "task"),
            ],
        ),
        (
            "backup",
            vec![well(&["cli", "admin/cli/backup.php", "--site", "hugo", "--", "--courseshortname=R1"], "")],
        ),
        ("automated_backups", vec![well(&["cli", "admin/cli/automated_backups.php", ALL], "Server Time")]),
        (
            "update_langpacks, bulkupdatelangpacks",
            vec![
                well(&["languages", "add", "fr", "--pack", "fr.zip", ALL], "3 changes"),
                well(&["languages", "add", "fr", "--pack", "fr.zip", ALL], "Nothing to do"),
                well(&["languages", "list"], "Français"),
                well(&["languages", "remove", "fr", ALL], "gone"),
                // No way out of a test's machine.
                ends(&["languages", "add", "de", "--site", "hugo"], 3, "could not be downloaded"),
            ],
        ),
        ("build_theme_css, bulkbuildthemecss", vec![well(&["theme", "build", "boost", ALL], "3 sites")]),
    ]
}

fn data() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        (
            "replace, bulkreplace",
            vec![
                ends(&["replace", "Course R1", "Corso R1", ALL], 4, "course"),
                well(&["replace", "Course R1", "Corso R1", "--yes", ALL], "3 sites"),
                well(&["courses", "list", "--shortname", "R1"], "Corso R1"),
            ],
        ),
        (
            "mysql_collation, mysql_compressed_rows",
            vec![
                well(&["cli", "admin/cli/mysql_collation.php", "--site", "dumas", "--", "--list"], "utf8mb4"),
                well(&["cli", "admin/cli/mysql_compressed_rows.php", "--site", "dumas", "--", "--list"], ""),
            ],
        ),
        (
            "recover_grades, bulkrecovergrades",
            vec![well(
                &["run", "recover-grades", "-p", "course=R1", "--yes", ALL],
                "people have grades of before again",
            )],
        ),
        ("import_mapped_data", vec![well(&["php", "said.php", ALL], "shortname is")]),
        (
            "ldap_sync_users, ldap_enrol_sync",
            vec![
                // Without a server of LDAP the task is known, and says that there is nothing to do, or fails as it would.
                ends(&["tasks", "run", "auth_ldap\\task\\sync_task", "--dry-run", ALL], 0, "auth_ldap"),
            ],
        ),
        (
            "reset_password",
            vec![
                well(&["users", "password", "ann", "--password-file", "secret", ALL], "3 changes"),
                well(&["users", "suspend", "ann", ALL], "3 changes"),
                well(&["users", "unsuspend", "ann", ALL], "3 changes"),
                well(&["users", "logout", ALL], "3 sites"),
            ],
        ),
        (
            "reset_admin, bulkresetadmin",
            vec![well(&["users", "password", "admin", "--password-file", "secret", ALL], "3 changes")],
        ),
        (
            "fix_site_admins, bulkfixsiteadmins",
            vec![
                well(&["users", "admin", "ann", ALL], "3 changes"),
                well(&["users", "admin", "ann", "--remove", ALL], "3 changes"),
                ends(&["users", "admin", "admin", "--remove", ALL], 3, "the last administrator"),
            ],
        ),
        (
            "delete_users by rules",
            vec![
                well(&["users", "delete", "--username", "a*", "--never-in", "--dry-run", ALL], "O'Hara"),
                well(&["users", "delete", "--username", "a*", "--yes", ALL], "3 changes on 3 sites"),
                well(&["users", "list", "--username", "a*"], "administrator"),
            ],
        ),
        (
            "maketestplan",
            vec![well(
                &["cli", "admin/tool/generator/cli/maketestplan.php", "--site", "hugo", "--", "--help"],
                "test plan",
            )],
        ),
    ]
}

fn reports() -> Vec<(&'static str, Vec<Try>)> {
    vec![
        ("report_vmoodle: blocks", vec![well(&["run", "report-blocks"], "calendar_month")]),
        ("report_vmoodle: modules", vec![well(&["run", "report-modules"], "forum")]),
        ("report_vmoodle: users", vec![well(&["run", "report-users"], "3 rows of 3 sites")]),
        ("report_vmoodle: userclasses", vec![well(&["run", "report-userclasses"], "manual")]),
        (
            "report_vmoodle: usersync",
            vec![well(&["run", "report-usersync", "-p", "like=adm%"], "3 rows of 3 sites")],
        ),
        (
            "report_vmoodle: roles",
            vec![
                well(
                    &[
                        "users",
                        "create",
                        "bea",
                        "--first-name",
                        "Bea",
                        "--last-name",
                        "B",
                        "--email",
                        "bea@example.com",
                        ALL,
                    ],
                    "3 changes",
                ),
                well(&["users", "enrol", "bea", "--course", "R1", ALL], "3 changes"),
                well(&["run", "report-roles"], "student"),
            ],
        ),
        ("report_vmoodle: courses", vec![well(&["run", "report-courses"], "3 rows of 3 sites")]),
        ("report_vmoodle: files", vec![well(&["run", "report-files"], "rows of 3 sites")]),
        ("report_vmoodle: formats", vec![well(&["run", "report-formats"], "topics")]),
        ("report_vmoodle: questiontypes", vec![well(&["run", "report-questiontypes"], "rows of 3 sites")]),
        ("report_vmoodle: forumtypes", vec![well(&["run", "report-forumtypes"], "news")]),
        ("report_vmoodle: resourcetypes", vec![well(&["run", "report-resourcetypes"], "rows of 3 sites")]),
        (
            "report_vmoodle: connections, daily connections",
            vec![well(&["run", "report-connections"], "rows of 3 sites")],
        ),
        ("report_vmoodle: online", vec![well(&["run", "report-online"], "3 rows of 3 sites")]),
        ("report_vmoodle: logs", vec![well(&["run", "report-logs"], "core")]),
    ]
}
