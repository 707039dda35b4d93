<?php
// Makes a course with something of most things in it, through Moodle's own APIs and generators: sections, activities with completion and
// conditions, people with roles and groups, submissions with files, attempts at a quiz, posts, grades, tags, blocks, a calendar, a badge,
// log rows of somebody who is in no other list.
//
//     PROVOST_SITE=old php archive_course.php /path/to/build/config.php SHORTNAME
//
// Prints the course's id. The course is the same for the same short name, but for times and ids.

[, $config, $shortname] = $argv;
define('CLI_SCRIPT', true);
$_SERVER['argv'] = $argv = [__FILE__];
require($config);
require_once("$CFG->libdir/phpunit/classes/util.php");
require_once("$CFG->dirroot/course/lib.php");
require_once("$CFG->dirroot/mod/assign/locallib.php");
require_once("$CFG->dirroot/mod/quiz/locallib.php");
require_once("$CFG->dirroot/group/lib.php");
require_once("$CFG->libdir/gradelib.php");
require_once("$CFG->libdir/blocklib.php");
$CFG->noemailever = true;
set_debugging(DEBUG_NONE, false);

$made = phpunit_util::get_data_generator();
$be = fn($user) => \core\session\manager::set_user($user);
$admin = get_admin();
$be($admin);
set_config('enablecompletion', 1);

$course = $made->create_course([
    'shortname' => $shortname, 'fullname' => "All of it: $shortname <&>", 'idnumber' => "id-$shortname", 'numsections' => 3,
    'enablecompletion' => 1, 'summary' => '<p>Grüße, "quotes" &amp; 日本語</p>', 'startdate' => 1704067200, 'enddate' => 1719705600,
    'createsections' => true,
]);
core_tag_tag::set_item_tags('core', 'course', $course->id, context_course::instance($course->id), ['Winter', 'Übung']);
$context = context_course::instance($course->id);

// People. One of them has another address at every site, and one is deleted after she has posted.
$people = [];
foreach (['teacher' => 'editingteacher', 'anna' => 'student', 'bob' => 'student', 'gone' => 'student'] as $name => $role) {
    $username = "$name-$shortname";
    $people[$name] = $DB->get_record('user', ['username' => $username]) ?: $made->create_user([
        'username' => $username, 'email' => "$username@example.org", 'firstname' => ucfirst($name), 'lastname' => "O'Neil <$shortname>",
        'idnumber' => "n-$username",
    ]);
    $made->enrol_user($people[$name]->id, $course->id, $role);
}
$groups = [$made->create_group(['courseid' => $course->id, 'name' => 'Red']), $made->create_group(['courseid' => $course->id, 'name' => 'Blue'])];
groups_add_member($groups[0], $people['anna']);
groups_add_member($groups[1], $people['bob']);
$grouping = $made->create_grouping(['courseid' => $course->id, 'name' => 'Colours']);
groups_assign_grouping($grouping->id, $groups[0]->id);

// Activities.
$be($people['teacher']);
$page = $made->create_module('page', ['course' => $course->id, 'section' => 1, 'name' => 'Read me', 'content' => '<p>Text</p>',
    'completion' => COMPLETION_TRACKING_MANUAL]);
$resource = $made->create_module('resource', ['course' => $course->id, 'section' => 1, 'name' => 'A file']);
$label = $made->create_module('label', ['course' => $course->id, 'section' => 2, 'intro' => 'A label']);
$assign = $made->create_module('assign', ['course' => $course->id, 'section' => 2, 'name' => 'Essay', 'idnumber' => 'essay',
    'assignsubmission_onlinetext_enabled' => 1, 'assignsubmission_file_enabled' => 1, 'assignsubmission_file_maxfiles' => 2,
    'assignsubmission_file_maxsizebytes' => 1 << 20, 'assignfeedback_comments_enabled' => 1, 'submissiondrafts' => 0,
    'availability' => json_encode(['op' => '&', 'showc' => [true],
        'c' => [['type' => 'completion', 'cm' => (int) $page->cmid, 'e' => COMPLETION_COMPLETE]]])]);
$forum = $made->create_module('forum', ['course' => $course->id, 'section' => 3, 'name' => 'Talk']);
$choice = $made->create_module('choice', ['course' => $course->id, 'section' => 3, 'name' => 'Which?', 'option' => ['One', 'Two']]);
$glossary = $made->create_module('glossary', ['course' => $course->id, 'section' => 3, 'name' => 'Words']);
$made->get_plugin_generator('mod_glossary')->create_content($glossary, ['concept' => 'Moodle', 'definition' => 'A thing']);
$quiz = $made->create_module('quiz', ['course' => $course->id, 'section' => 3, 'name' => 'Test', 'sumgrades' => 2, 'grade' => 10]);

// Questions and attempts.
$questions = $made->get_plugin_generator('core_question');
$category = $questions->create_question_category(['contextid' => context_module::instance($quiz->cmid)->id, 'name' => 'Bank']);
$text = fn(string $text): array => ['text' => $text, 'format' => FORMAT_HTML];
$forms = [
    'truefalse' => ['correctanswer' => '1', 'feedbacktrue' => $text('Yes'), 'feedbackfalse' => $text('No')],
    'shortanswer' => ['usecase' => 0, 'answer' => ['frog', '*'], 'fraction' => ['1.0', '0.0'], 'feedback' => [$text('Yes'), $text('No')]],
];
foreach ($forms as $type => $form) {
    // Core's own generator of questions wants PHPUnit.
    $question = question_bank::get_qtype($type)->save_question((object) ['qtype' => $type, 'category' => $category->id], (object) ($form + [
        'category' => "$category->id,$category->contextid", 'name' => "A $type", 'questiontext' => $text("<p>Is it $type?</p>"),
        'generalfeedback' => $text(''), 'defaultmark' => 1, 'penalty' => 1, 'hint' => [], 'idnumber' => "q-$type-$shortname",
        'status' => \core_question\local\bank\question_version_status::QUESTION_STATUS_READY,
    ]));
    quiz_add_quiz_question($question->id, $quiz);
}
$quizzes = $made->get_plugin_generator('mod_quiz');
foreach (['anna' => ['1', 'frog'], 'bob' => ['0', 'toad']] as $name => $answers) {
    $be($people[$name]);
    $attempt = $quizzes->create_attempt($quiz->id, $people[$name]->id);
    $attempt = mod_quiz\quiz_attempt::create($attempt->id);
    $attempt->process_submitted_actions(time(), false, [1 => ['answer' => $answers[0]], 2 => ['answer' => $answers[1]]]);
    if (method_exists($attempt, 'process_submit')) {
        $attempt->process_submit(time(), false);
        $attempt->process_grade_submission(time());
    } else {
        $attempt->process_finish(time(), false);
    }
}

// Submissions with files, and grades.
foreach (['anna', 'bob'] as $name) {
    $be($people[$name]);
    $draft = file_get_unused_draft_itemid();
    get_file_storage()->create_file_from_string([
        'contextid' => context_user::instance($people[$name]->id)->id, 'component' => 'user', 'filearea' => 'draft', 'itemid' => $draft,
        'filepath' => '/', 'filename' => "$name é.txt", 'userid' => $people[$name]->id, 'author' => fullname($people[$name]),
        'license' => 'cc',
    ], "Essay of $name in $shortname\n" . str_repeat("$name ", 5000));
    [, $cm] = get_course_and_cm_from_cmid($assign->cmid, 'assign');
    $work = new assign(context_module::instance($cm->id), $cm, $course);
    $notices = [];
    $work->save_submission((object) ['userid' => $people[$name]->id, 'files_filemanager' => $draft,
        'onlinetext_editor' => ['text' => "<p>My essay, $name</p>", 'format' => FORMAT_HTML, 'itemid' => file_get_unused_draft_itemid()],
    ], $notices);
    $be($people['teacher']);
    $grade = $work->get_user_grade($people[$name]->id, true);
    $grade->grade = $name === 'anna' ? 91.5 : 40;
    $work->update_grade($grade);
}

// Talk.
$forums = $made->get_plugin_generator('mod_forum');
foreach (['teacher', 'anna', 'gone'] as $name) {
    $be($people[$name]);
    $discussion = $forums->create_discussion(['course' => $course->id, 'forum' => $forum->id, 'userid' => $people[$name]->id,
        'name' => "From $name", 'message' => '<p>Hello</p>']);
    $forums->create_post(['discussion' => $discussion->id, 'userid' => $people['bob']->id, 'message' => "<p>To $name</p>"]);
}

// What else there is.
$be($people['teacher']);
$completion = new completion_info($course);
$completion->update_state(get_fast_modinfo($course)->get_cm($page->cmid), COMPLETION_COMPLETE, $people['anna']->id);
$made->create_block('html', ['parentcontextid' => $context->id, 'pagetypepattern' => 'course-view-*']);
calendar_event::create((object) ['name' => 'Exam', 'description' => 'In the hall', 'format' => FORMAT_HTML, 'courseid' => $course->id,
    'groupid' => 0, 'userid' => $people['teacher']->id, 'eventtype' => 'course', 'timestart' => 1711929600, 'timeduration' => 3600,
    'modulename' => '', 'instance' => 0], false);
assign_capability('mod/forum:replypost', CAP_PREVENT, $DB->get_field('role', 'id', ['shortname' => 'student']), $context->id);
$item = new grade_item(['courseid' => $course->id, 'itemtype' => 'manual', 'itemname' => 'By hand', 'grademax' => 20], false);
$item->insert();
$item->update_final_grade($people['anna']->id, 17.25, 'manual', 'Well done', FORMAT_HTML, $people['teacher']->id);

// Somebody who only looks, and is in no list but the log.
$watcher = $DB->get_record('user', ['username' => "watcher-$shortname"]) ?: $made->create_user(['username' => "watcher-$shortname",
    'email' => "watcher-$shortname@example.org"]);
foreach ([$people['anna'], $people['bob'], $watcher] as $someone) {
    $be($someone);
    \core\event\course_viewed::create(['context' => $context])->trigger();
    \mod_page\event\course_module_viewed::create(['context' => context_module::instance($page->cmid), 'objectid' => $page->id])->trigger();
}
$be($admin);
foreach (['anna', 'bob'] as $name) {
    // What was handed in is in the course; Moodle keeps the drafts for some days.
    get_file_storage()->delete_area_files(context_user::instance($people[$name]->id)->id, 'user', 'draft');
}
grade_regrade_final_grades($course->id);
delete_user($people['gone']);
get_log_manager(true);
rebuild_course_cache($course->id, true);
echo "course $course->id\n";
