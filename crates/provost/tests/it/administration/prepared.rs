//! What the rows of the table work on: courses, a backup of one, a language pack, files, commands of the fleet's own.

use std::io::Write as _;

use crate::environment::TestEnv;

/// A course with an activity, a user in it, and a role of the site's own.
const COURSE: &str = r#"<?php
require_once("$CFG->dirroot/course/lib.php");
$category = core_course_category::get_default();
foreach (['R1', 'R2'] as $name) {
    $course = create_course((object) ['shortname' => $name, 'fullname' => "Course $name", 'category' => $category->id]);
}
echo "made\n";
"#;

pub(super) fn prepare(env: &TestEnv) {
    let write = |name: &str, text: &str| std::fs::write(env.path(name), text).unwrap();
    write("course.php", COURSE);
    write("said.php", "<?php\necho 'shortname is ' . $SITE->shortname . ', user is ' . $USER->username;\n");
    write("exits.php", "<?php\nexit(7);\n");
    write("moodle.php", "<?php\n$string['login'] = 'Go in';\n$string['nosuch'] = 'x';\n");
    write("logo.png", "not really a picture");
    write("secret", "Correct-Horse7!\n");
    write(
        "tutor.xml",
        "<?xml version=\"1.0\"?>\n<role><shortname>tutor</shortname><name>Tutors</name><archetype>teacher</archetype>\n\
         <contextlevels><level>course</level></contextlevels><allowassign><shortname>student</shortname></allowassign>\n\
         <permissions><allow>mod/forum:viewdiscussion</allow><prohibit>mod/quiz:attempt</prohibit></permissions></role>\n",
    );
    for (directory, name, text) in [
        ("queries", "admins.sql", "-- Who administers\nselect username from {user} where username = :who\n"),
        (
            "commands",
            "town.sql",
            "-- Sets a town\n-- param town text: Its name\n-- writes\n-- confirm: Set it?\nupdate [[prefix]]user set city = [[?town]] where username = 'admin'\n",
        ),
        (
            "commands",
            "count.php",
            "<?php\n// Counts accounts\n// param deleted boolean = no: Deleted ones\n// param how enum(plain, loud) = plain: How it is said\n\
             echo $params['how'] . ' ' . $DB->count_records('user', ['deleted' => (int) $params['deleted']]);\n",
        ),
    ] {
        std::fs::create_dir_all(env.path(directory)).unwrap();
        write(&format!("{directory}/{name}"), text);
    }
    pack(env);
    let made = env.run(&["php", "course.php", "--sites", "*"]);
    assert!(made.code == 0 && made.stdout.contains("made"), "{made}");
    backup(env);
}

/// A language pack: the part of the French one that Moodle's own installer has.
fn pack(env: &TestEnv) {
    let code = std::fs::canonicalize(env.state().join("made/sites/hugo/code")).unwrap();
    let from = [code.join("install/lang/fr"), code.join("public/install/lang/fr")];
    let from = from.iter().find(|path| path.is_dir()).unwrap();
    let mut script = std::process::Command::new("php");
    script.args([
        "-r",
        "$z = new ZipArchive(); $z->open($argv[2], ZipArchive::CREATE);
         foreach (glob(\"$argv[1]/*.php\") as $f) { $z->addFile($f, 'fr/' . basename($f)); } $z->close();",
        &from.display().to_string(),
        &env.path("fr.zip").display().to_string(),
    ]);
    assert!(script.status().unwrap().success());
}

/// A backup of a course, made by core, brought to where the fleet's file is.
fn backup(env: &TestEnv) {
    let code = "<?php\n$id = $DB->get_field('course', 'id', ['shortname' => 'R1']);\n\
        require_once(\"$CFG->dirroot/backup/util/includes/backup_includes.php\");\n\
        $c = new backup_controller(backup::TYPE_1COURSE, $id, backup::FORMAT_MOODLE, backup::INTERACTIVE_NO, backup::MODE_GENERAL, $USER->id);\n\
        $c->execute_plan();\n$file = $c->get_results()['backup_destination'];\necho base64_encode($file->get_content());\n";
    std::fs::write(env.path("backup.php"), code).unwrap();
    let made = env.run(&["--json", "php", "backup.php", "--site", "hugo"]);
    let told: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    let text = told["sites"][0]["done"]["out"].as_str().unwrap_or_else(|| panic!("{}", short(&made.stdout)));
    let mut child = std::process::Command::new("base64")
        .arg("-d")
        .stdin(std::process::Stdio::piped())
        .stdout(std::fs::File::create(env.path("course.mbz")).unwrap())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.trim().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn short(text: &str) -> String {
    text.chars().take(500).collect()
}
