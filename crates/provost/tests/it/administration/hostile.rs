//! Texts that mean something to SQL, to a shell, to a path or to PHP, through every parameter: refused, or only texts.

use crate::environment::TestEnv;

/// What each parameter gets. `{marker}` is a file that none of them may make.
const TEXTS: [&str; 9] = [
    "'; drop table mdl_user; --",
    "\\'; delete from mdl_user where 1=1; #",
    "\" or \"1\"=\"1",
    "$(touch {marker})",
    "`touch {marker}`; touch {marker} | touch {marker}",
    "../../../../etc/passwd",
    "<?php touch('{marker}'); ?>",
    "{user}%_\u{1b}[31m\u{7}",
    "a\nb",
];

/// Commands, with `{}` where the text comes. None that could do something by accident to all courses or accounts.
const COMMANDS: &[&[&str]] = &[
    &["settings", "set", "{}=1", "--sites=*"],
    &["settings", "set", "frontpage_x={}", "--sites=*"],
    &["settings", "unset", "{}", "--sites=*"],
    &["settings", "get", "{}"],
    &["settings", "copy", "{}", "--from", "hugo", "--site", "zola"],
    &["settings", "copy", "quiz", "--from", "{}", "--site", "zola"],
    &["plugins", "enable", "{}", "--sites=*"],
    &["plugins", "list", "{}"],
    &["plugins", "copy", "{}", "--from", "hugo", "--site", "zola"],
    &["plugins", "uninstall", "{}", "--sites=*", "--yes"],
    &["filters", "set", "{}", "on", "--sites=*"],
    &["tasks", "run", "{}", "--sites=*"],
    &["tasks", "schedule", "core\\task\\context_cleanup_task", "{}", "--sites=*"],
    &["tasks", "disable", "{}", "--sites=*"],
    &[
        "users",
        "create",
        "{}",
        "--first-name",
        "a",
        "--last-name",
        "b",
        "--email",
        "c@example.com",
        "--sites=*",
    ],
    &["users", "create", "x", "--first-name", "a", "--last-name", "b", "--email", "{}", "--sites=*"],
    &["users", "suspend", "{}", "--sites=*"],
    &["users", "roles", "{}"],
    &["users", "list", "--username", "{}"],
    &["users", "list", "--auth", "{}"],
    &["users", "assign", "admin", "{}", "--sites=*"],
    &["users", "assign", "admin", "manager", "--category", "{}", "--sites=*"],
    &["users", "enrol", "admin", "--course", "{}", "--sites=*"],
    &["users", "delete", "--username", "{}", "--yes", "--sites=*"],
    &["users", "logout", "{}", "--sites=*"],
    &["courses", "list", "--shortname", "{}"],
    &["courses", "list", "--category", "{}"],
    &["courses", "delete", "--idnumber", "{}", "--yes", "--sites=*"],
    &["courses", "restore", "course.mbz", "--category", "{}", "--sites=*"],
    &["categories", "delete", "{}", "--yes", "--sites=*"],
    &["categories", "hide", "idnumber:{}", "--sites=*"],
    &["languages", "remove", "{}", "--sites=*"],
    &["languages", "add", "{}", "--pack", "fr.zip", "--sites=*"],
    &["languages", "set", "{}", "core/login", "x", "--sites=*"],
    &["languages", "set", "en", "core/{}", "x", "--sites=*"],
    &["languages", "set", "en", "{}/login", "x", "--sites=*"],
    &["files", "put", "{}", "logo", "logo.png", "--sites=*"],
    &["files", "put", "core_admin", "{}", "logo.png", "--sites=*"],
    &["files", "list", "core_admin", "{}"],
    &["files", "delete", "core_admin", "logo", "{}", "--yes", "--sites=*"],
    &["tables", "copy", "{}", "--from", "hugo", "--key", "name", "--yes", "--site", "zola"],
    &["tables", "copy", "scale", "--from", "hugo", "--key", "{}", "--yes", "--site", "zola"],
    &["roles", "sync", "{}", "--from", "hugo", "--to", "zola", "--yes"],
    &["roles", "export", "{}", "--from", "hugo"],
    &["roles", "sync", "--from-file", "{}", "--site", "zola", "--yes"],
    &["theme", "build", "{}", "--sites=*"],
    &["replace", "{}", "x", "--sites=*", "--dry-run"],
    &["cli", "{}", "--sites=*"],
    &["cli", "admin/cli/cfg.php", "--sites=*", "--", "--name={}"],
    &["php", "{}", "--sites=*"],
    &["run", "{}", "--sites=*", "--yes"],
    &["run", "count", "-p", "how={}"],
    &["run", "report-usersync", "-p", "like={}"],
    &["sql", "select username from {user} where username = :v", "-p", "v={}"],
    &["sql", "--saved", "{}"],
    &["caches", "purge", "--site", "{}"],
    &["caches", "purge", "--sites", "{}"],
    &["journal", "{}"],
    &["retry", "{}"],
];

/// What must be as it was: people, courses, categories, roles, plugins.
const COUNTED: &str = "select (select count(*) from {user}) as people, (select count(*) from {course}) as courses,
    (select count(*) from {course_categories}) as categories, (select count(*) from {role_assignments}) as roles,
    (select count(*) from {config_plugins} where name = 'version') as plugins, (select count(*) from {user} where deleted = 1) as deleted";

pub(super) fn parameters_are_refused_or_inert(env: &TestEnv) {
    let marker = env.path("marker");
    let counted = || env.run(&["sql", "--csv", COUNTED]).stdout;
    let before = counted();
    assert_eq!(before.lines().count(), 4, "{before}");
    // Each command gets a third of the texts, and each text a third of the commands; all of both take a quarter of an hour.
    let all = std::env::var_os("PROVOST_TEST_ALL_HOSTILE").is_some();
    let pairs = COMMANDS.iter().enumerate().flat_map(|(number, command)| {
        TEXTS
            .iter()
            .enumerate()
            .filter_map(move |(at, text)| (all || at % 3 == number % 3).then_some((command, text)))
    });
    let mut faults = Vec::new();
    for (command, text) in pairs {
        let text = text.replace("{marker}", &marker.display().to_string());
        let words: Vec<String> = command.iter().map(|word| word.replace("{}", &text)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let told = env.run(&words);
        let text = format!("{}{}", told.stdout, told.stderr);
        let short: String = text.chars().take(300).collect();
        let mut fault =
            |what: &str| faults.push(format!("{words:?} {what}: ended with {}\n{short}", told.code));
        if ![0, 1, 3, 4, 64].contains(&told.code) || told.stderr.contains("panicked") {
            fault("broke");
        }
        if text.contains('\u{1b}') || text.contains('\u{7}') {
            fault("writes to the terminal");
        }
        if marker.exists() {
            std::fs::remove_file(&marker).unwrap();
            fault("made the file");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert_eq!(counted(), before, "nothing was made and nothing is gone");
    // What may be any text comes to the site as it is.
    let text = format!("'; touch {0}; $(touch {0}) `touch {0}` \"--", marker.display());
    let set = env.run(&["settings", "set", &format!("frontpage_x={text}"), "--site", "hugo"]);
    assert_eq!(set.code, 0, "{set}");
    let got = env.run(&["--json", "settings", "get", "frontpage_x", "--site", "hugo"]);
    let got: serde_json::Value = serde_json::from_str(&got.stdout).unwrap();
    assert_eq!((got["settings"][0]["value"].as_str(), marker.exists()), (Some(text.as_str()), false));
    assert_eq!(env.run(&["plan"]).stdout, "Nothing to do.\n");
}
