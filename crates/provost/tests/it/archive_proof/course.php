<?php
// This file is part of Provost
//
// Provost is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Provost is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Provost.  If not, see <http://www.gnu.org/licenses/>.

/**
 * Makes a course with something of everything, through Moodle's own generators and APIs. `copy.php prepare` came before.
 *
 *     php course.php /path/to/config.php SHORTNAME
 *
 * The last line says the course's number.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
$name = $argv[2];
require($argv[1]);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->libdir . '/testing/generator/data_generator.php');
require_once(__DIR__ . '/testcase.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/group/lib.php');
require_once($CFG->libdir . '/gradelib.php');
require_once($CFG->libdir . '/completionlib.php');
require_once($CFG->libdir . '/resourcelib.php');
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once($CFG->dirroot . '/mod/assign/locallib.php');
require_once($CFG->dirroot . '/rating/lib.php');
require_once($CFG->dirroot . '/comment/lib.php');

\core\session\manager::set_user(get_admin());
$CFG->noemailever = true;
$CFG->enablecompletion = 1;
$generator = new testing_data_generator();

/**
 * Puts a file somewhere.
 *
 * @param int $context
 * @param string $component
 * @param string $area
 * @param int $item
 * @param string $filename
 * @param int $user
 * @param string|null $content
 */
function put_file(int $context, string $component, string $area, int $item, string $filename, int $user, ?string $content = null): void {
    get_file_storage()->create_file_from_string([
        'contextid' => $context, 'component' => $component, 'filearea' => $area, 'itemid' => $item, 'filepath' => '/',
        'filename' => $filename, 'userid' => $user, 'author' => "Author of $filename", 'license' => 'cc-4.0',
        'source' => $filename, 'timecreated' => 1700000000, 'timemodified' => 1700000001,
    ], $content ?? str_repeat("$filename of user $user\n", 50));
}

/**
 * Does one part, and says what it could not.
 *
 * @param string $what
 * @param callable $do
 */
function part(string $what, callable $do): void {
    global $DB;
    try {
        $do();
    } catch (Throwable $thrown) {
        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
        cli_problem("part $what: " . $thrown->getMessage() . ' ' . ($thrown->debuginfo ?? '') . ' at '
            . basename($thrown->getFile()) . ':' . $thrown->getLine());
    }
}

$course = $generator->create_course(['shortname' => $name, 'fullname' => "Everything in $name", 'numsections' => 4,
    'summary' => '<p>Summary with <b>tags</b> and a line
end, ümlaut and 日本</p>', 'enablecompletion' => 1, 'startdate' => 1693526400, 'enddate' => 1719792000, 'showreports' => 1,
    'groupmode' => 1, 'lang' => 'en', 'tags' => ['history', 'first year'], 'newsitems' => 3], ['createsections' => true]);
$context = context_course::instance($course->id);
put_file($context->id, 'course', 'summary', 0, 'summary.txt', 2);
put_file($context->id, 'course', 'overviewfiles', 0, 'picture.jpg', 2);

// People.
$students = [];
for ($i = 1; $i <= 6; $i++) {
    $username = strtolower($name) . "student$i";
    $students[$i] = $generator->create_user(['username' => $username, 'email' => "$username@example.com", 'idnumber' => "id-$username"]);
    $generator->enrol_user($students[$i]->id, $course->id, 'student', 'manual', 1693600000, $i === 6 ? 1719000000 : 0,
        $i === 5 ? ENROL_USER_SUSPENDED : null);
}
$teacher = $generator->create_user(['username' => strtolower($name) . 'teacher', 'email' => strtolower($name) . 'teacher@example.com',
    'idnumber' => "id-$name-teacher"]);
$generator->enrol_user($teacher->id, $course->id, 'editingteacher');
$groups = [];
foreach (['Red', 'Blue'] as $at => $title) {
    $groups[$at] = $generator->create_group(['courseid' => $course->id, 'name' => $title, 'description' => "The $title ones",
        'idnumber' => "g$at$name", 'enrolmentkey' => "key$at"]);
}
$grouping = $generator->create_grouping(['courseid' => $course->id, 'name' => 'Both']);
foreach ($groups as $group) {
    groups_assign_grouping($grouping->id, $group->id);
}
foreach ($students as $at => $student) {
    groups_add_member($groups[$at % 2], $student);
}

$make = fn(string $module, array $record, array $options = []) =>
    $generator->create_module($module, ['course' => $course->id] + $record, $options);
$do = fn($user) => \core\session\manager::set_user($user);

$assign = $forum = $quiz = $page = null;
part('assign', function() use (&$assign, $make, $generator, $students, $teacher, $course, $do) {
    global $DB;
    $assign = $make('assign', ['name' => 'Essay', 'section' => 1, 'assignsubmission_onlinetext_enabled' => 1,
        'assignsubmission_file_enabled' => 1, 'assignsubmission_file_maxfiles' => 3, 'assignsubmission_file_maxsizebytes' => 1000000,
        'assignfeedback_comments_enabled' => 1, 'grade' => 100, 'duedate' => 1700000000, 'completion' => 1,
        'intro' => '<p>Write, about <a href="' . (new moodle_url('/course/view.php', ['id' => $course->id])) . '">this</a>.</p>']);
    $context = context_module::instance($assign->cmid);
    $api = new assign($context, get_coursemodule_from_id('assign', $assign->cmid), $course);
    foreach ([1, 2, 3, 4] as $at) {
        $do($students[$at]);
        $submission = $api->get_user_submission($students[$at]->id, true);
        $DB->insert_record('assignsubmission_onlinetext', ['assignment' => $assign->id, 'submission' => $submission->id,
            'onlinetext' => "<p>The text of student $at</p>", 'onlineformat' => FORMAT_HTML]);
        put_file($context->id, 'assignsubmission_file', 'submission_files', $submission->id, "essay$at.txt", $students[$at]->id);
        $DB->insert_record('assignsubmission_file', ['assignment' => $assign->id, 'submission' => $submission->id, 'numfiles' => 1]);
        $submission->status = ASSIGN_SUBMISSION_STATUS_SUBMITTED;
        $DB->update_record('assign_submission', $submission);
    }
    $do($teacher);
    foreach ([1, 2, 3] as $at) {
        $data = (object) ['grade' => 50 + 10.25 * $at, 'attemptnumber' => 0, 'addattempt' => false,
            'assignfeedbackcomments_editor' => ['text' => "Well done, $at", 'format' => FORMAT_HTML]];
        $api->save_grade($students[$at]->id, $data);
    }
    $flags = $api->get_user_flags($students[4]->id, true);
    $flags->extensionduedate = 1700500000;
    $api->update_user_flags($flags);
    $DB->insert_record('assign_overrides', ['assignid' => $assign->id, 'userid' => $students[2]->id, 'duedate' => 1700700000]);
    $DB->insert_record('assign_overrides', ['assignid' => $assign->id, 'groupid' => groups_get_all_groups($course->id)
        ? array_key_first(groups_get_all_groups($course->id)) : 0, 'sortorder' => 1, 'duedate' => 1700800000]);
});
part('forum', function() use (&$forum, $make, $generator, $students, $teacher, $do, $groups) {
    global $DB;
    $forum = $make('forum', ['name' => 'Talk', 'section' => 1, 'assessed' => RATING_AGGREGATE_AVERAGE, 'scale' => 10,
        'maxattachments' => 3, 'grade_forum' => 50]);
    $api = $generator->get_plugin_generator('mod_forum');
    $context = context_module::instance($forum->cmid);
    foreach ([1, 2] as $at) {
        $do($students[$at]);
        $discussion = $api->create_discussion(['course' => $forum->course, 'forum' => $forum->id, 'userid' => $students[$at]->id,
            'name' => "Question $at", 'message' => "<p>Who knows $at?</p>", 'timemodified' => 1700000000 + $at]);
        $first = $DB->get_field('forum_discussions', 'firstpost', ['id' => $discussion->id]);
        foreach ([3, 4, 5] as $who) {
            $do($students[$who]);
            $post = $api->create_post(['discussion' => $discussion->id, 'userid' => $students[$who]->id, 'parent' => $first,
                'subject' => "Re: Question $at", 'message' => "<p>Student $who thinks \$x < $who</p>", 'created' => 1700001000 + $who,
                'modified' => 1700001000 + $who]);
            put_file($context->id, 'mod_forum', 'attachment', $post->id, "attachment$at$who.txt", $students[$who]->id);
            $DB->set_field('forum_posts', 'attachment', '1', ['id' => $post->id]);
        }
        $DB->insert_record('rating', ['contextid' => $context->id, 'component' => 'mod_forum', 'ratingarea' => 'post', 'itemid' => $first,
            'scaleid' => 10, 'rating' => 5 + $at, 'userid' => $teacher->id, 'timecreated' => 1700002000, 'timemodified' => 1700002000]);
        $api->create_subscription(['forum' => $forum->id, 'course' => $forum->course, 'userid' => $students[$at]->id]);
        $DB->insert_record('forum_read', ['userid' => $students[3]->id, 'forumid' => $forum->id, 'discussionid' => $discussion->id,
            'postid' => $first, 'firstread' => 1700003000, 'lastread' => 1700003000]);
    }
    $do(get_admin());
    $DB->insert_record('forum_grades', ['forum' => $forum->id, 'itemnumber' => 1, 'userid' => $students[1]->id, 'grade' => 42.5,
        'timecreated' => 1700004000, 'timemodified' => 1700004000]);
});
part('quiz', function() use (&$quiz, $make, $generator, $students, $course, $do, $context) {
    global $DB;
    $quiz = $make('quiz', ['name' => 'Test', 'section' => 2, 'sumgrades' => 5, 'grade' => 20, 'timelimit' => 3600,
        'preferredbehaviour' => 'deferredfeedback', 'quizpassword' => 'secret']);
    $questions = $generator->get_plugin_generator('core_question');
    $home = $DB->get_manager()->table_exists('qbank')
        ? context_module::instance($make('qbank', ['name' => 'Bank of questions'])->cmid) : $context;
    $category = $questions->create_question_category(['contextid' => $home->id, 'name' => 'Chapter 1']);
    $below = $questions->create_question_category(['contextid' => $home->id, 'name' => 'Chapter 1.1', 'parent' => $category->id]);
    $made = [];
    foreach (['shortanswer' => null, 'truefalse' => null, 'multichoice' => 'one_of_four', 'numerical' => null, 'match' => null,
            'essay' => null] as $type => $which) {
        $made[$type] = $questions->create_question($type, $which, ['category' => $category->id, 'name' => "A $type question"]);
        quiz_add_quiz_question($made[$type]->id, $quiz, 0, 1);
    }
    foreach (['ddwtos', 'multianswer', 'calculated'] as $type) {
        part("question $type", fn() => $questions->create_question($type, null, ['category' => $below->id, 'name' => "A $type question"]));
    }
    put_file($home->id, 'question', 'questiontext', $made['essay']->id, 'question.png', 2);
    $DB->insert_record('quiz_overrides', ['quiz' => $quiz->id, 'userid' => $students[1]->id, 'attempts' => 3]);
    $settings = \mod_quiz\quiz_settings::create($quiz->id);
    if (method_exists($settings, 'get_grade_calculator')) {
        $settings->get_grade_calculator()->recompute_quiz_sumgrades();
    }
    foreach ([1, 2, 3] as $at) {
        part("attempt $at", function() use ($at, $students, $quiz, $generator, $do) {
            $do($students[$at]);
            $settings = \mod_quiz\quiz_settings::create($quiz->id, $students[$at]->id);
            $usage = question_engine::make_questions_usage_by_activity('mod_quiz', $settings->get_context());
            $usage->set_preferred_behaviour('deferredfeedback');
            $attempt = quiz_create_attempt($settings, 1, false, 1700010000 + $at, false, $students[$at]->id);
            quiz_start_new_attempt($settings, $usage, $attempt, 1, 1700010000 + $at);
            quiz_attempt_save_started($settings, $usage, $attempt);
            $attempt = \mod_quiz\quiz_attempt::create($attempt->id);
            $attempt->process_submitted_actions(1700010100 + $at, false, [1 => ['answer' => $at === 1 ? 'frog' : 'toad'],
                2 => ['answer' => $at % 2]]);
            $attempt = \mod_quiz\quiz_attempt::create($attempt->get_attemptid());
            method_exists($attempt, 'process_submit') ? $attempt->process_submit(1700010200 + $at, false)
                : $attempt->process_finish(1700010200 + $at, false);
            if (method_exists($attempt, 'process_submit')) {
                $attempt->process_grade_submission(1700010200 + $at);
            }
        });
    }
    $do(get_admin());
});
part('content', function() use (&$page, $make, $generator, $course, $forum, $teacher) {
    global $DB;
    $page = $make('page', ['name' => 'Reading', 'section' => 1, 'completion' => 2, 'completionview' => 1,
        'content' => '<p>See <a href="' . (new moodle_url('/mod/forum/view.php', ['id' => $forum->cmid]))->out(false)
            . '">the forum</a> and <a href="https://example.org/?a=1&amp;b=2">outside</a>.</p>']);
    put_file(context_module::instance($page->cmid)->id, 'mod_page', 'content', 0, 'image.png', $teacher->id);
    $make('label', ['name' => 'Line', 'section' => 2, 'intro' => '<hr>']);
    $make('url', ['name' => 'Link', 'section' => 2, 'externalurl' => 'https://example.org/']);
    $book = $make('book', ['name' => 'Book', 'section' => 2]);
    foreach ([1, 2, 3] as $at) {
        $generator->get_plugin_generator('mod_book')->create_chapter(['bookid' => $book->id, 'title' => "Chapter $at", 'pagenum' => $at,
            'content' => "<p>Text $at</p>"]);
    }
    $folder = $make('folder', ['name' => 'Folder', 'section' => 3]);
    $context = context_module::instance($folder->cmid);
    foreach (['a', 'b', 'c'] as $letter) {
        put_file($context->id, 'mod_folder', 'content', 0, "$letter.txt", $teacher->id);
    }
    put_file($context->id, 'mod_folder', 'content', 0, 'big.bin', $teacher->id, random_bytes(300000));
    get_file_storage()->create_directory($context->id, 'mod_folder', 'content', 0, '/sub/empty/', $teacher->id);
    $resource = $make('resource', ['name' => 'Handout', 'section' => 3]);
    put_file(context_module::instance($resource->cmid)->id, 'mod_resource', 'content', 0, 'handout.pdf', $teacher->id);
});
part('talking', function() use ($make, $generator, $students, $do, $course, $groups) {
    global $DB;
    $choice = $make('choice', ['name' => 'Vote', 'section' => 3, 'option' => ['Yes', 'No', 'Maybe']]);
    $options = array_keys($DB->get_records('choice_options', ['choiceid' => $choice->id], 'id'));
    foreach ([1, 2, 3] as $at) {
        $DB->insert_record('choice_answers', ['choiceid' => $choice->id, 'userid' => $students[$at]->id, 'optionid' => $options[$at % 3],
            'timemodified' => 1700020000 + $at]);
    }
    $glossary = $make('glossary', ['name' => 'Words', 'section' => 3, 'assessed' => 1, 'scale' => 5]);
    foreach ([1, 2] as $at) {
        $do($students[$at]);
        $entry = $generator->get_plugin_generator('mod_glossary')->create_content($glossary, ['concept' => "Word $at",
            'definition' => "Means $at", 'userid' => $students[$at]->id, 'tags' => ['vocabulary']], ["Alias $at"]);
        put_file(context_module::instance($glossary->cmid)->id, 'mod_glossary', 'attachment', $entry->id, "word$at.txt", $students[$at]->id);
    }
    $data = $make('data', ['name' => 'Records', 'section' => 3, 'comments' => 1]);
    $api = $generator->get_plugin_generator('mod_data');
    $field = $api->create_field((object) ['type' => 'text', 'name' => 'Title'], $data);
    $number = $api->create_field((object) ['type' => 'number', 'name' => 'Year'], $data);
    foreach ([1, 2] as $at) {
        $do($students[$at]);
        $record = $api->create_entry($data, [$field->field->id => "Title $at", $number->field->id => 1990 + $at]);
        $DB->insert_record('comments', ['contextid' => context_module::instance($data->cmid)->id, 'component' => 'mod_data',
            'commentarea' => 'database_entry', 'itemid' => $record, 'content' => "Comment $at", 'format' => 0,
            'userid' => $students[$at]->id, 'timecreated' => 1700030000]);
    }
    $do(get_admin());
    $feedback = $make('feedback', ['name' => 'Survey', 'section' => 3]);
    $api = $generator->get_plugin_generator('mod_feedback');
    $item = $api->create_item_numeric($feedback, ['name' => 'How many?']);
    $text = $api->create_item_textfield($feedback, ['name' => 'What?']);
    foreach ([1, 2] as $at) {
        $done = $DB->insert_record('feedback_completed', ['feedback' => $feedback->id, 'userid' => $students[$at]->id,
            'timemodified' => 1700040000 + $at, 'anonymous_response' => 2, 'courseid' => 0]);
        $DB->insert_record('feedback_value', ['course_id' => 0, 'item' => $item->id, 'completed' => $done, 'value' => (string) $at]);
        $DB->insert_record('feedback_value', ['course_id' => 0, 'item' => $text->id, 'completed' => $done, 'value' => "Text $at"]);
    }
});
part('lesson', function() use ($make, $generator, $students) {
    global $DB;
    $lesson = $make('lesson', ['name' => 'Lesson', 'section' => 4]);
    $api = $generator->get_plugin_generator('mod_lesson');
    $content = $api->create_content($lesson, ['title' => 'Read']);
    $question = $api->create_question_truefalse($lesson, ['title' => 'True?']);
    $answers = array_values($DB->get_records('lesson_answers', ['pageid' => $question->id], 'id'));
    foreach ([1, 2] as $at) {
        $DB->insert_record('lesson_attempts', ['lessonid' => $lesson->id, 'pageid' => $question->id, 'userid' => $students[$at]->id,
            'answerid' => $answers[0]->id, 'retry' => 0, 'correct' => 1, 'useranswer' => '1', 'timeseen' => 1700050000 + $at]);
        $DB->insert_record('lesson_grades', ['lessonid' => $lesson->id, 'userid' => $students[$at]->id, 'grade' => 80.5 + $at, 'late' => 0,
            'completed' => 1700050100 + $at]);
        $DB->insert_record('lesson_timer', ['lessonid' => $lesson->id, 'userid' => $students[$at]->id, 'starttime' => 1700050000,
            'lessontime' => 1700050100 + $at, 'completed' => 1]);
    }
});
part('wiki', function() use ($make, $generator, $students, $do) {
    $wiki = $make('wiki', ['name' => 'Wiki', 'section' => 4, 'wikimode' => 'collaborative']);
    $api = $generator->get_plugin_generator('mod_wiki');
    $do($students[1]);
    $api->create_first_page($wiki, ['content' => 'Begin, see [[Other]]']);
    $do($students[2]);
    $api->create_page($wiki, ['title' => 'Other', 'content' => 'The other page']);
    $do(get_admin());
});
part('workshop', function() use ($make, $generator, $students, $teacher) {
    global $DB;
    $workshop = $make('workshop', ['name' => 'Workshop', 'section' => 4, 'strategy' => 'accumulative', 'phase' => 30]);
    $dimension = $DB->insert_record('workshopform_accumulative', ['workshopid' => $workshop->id, 'sort' => 1, 'description' => 'Quality',
        'descriptionformat' => 1, 'grade' => 10, 'weight' => 1]);
    $api = $generator->get_plugin_generator('mod_workshop');
    $submission = $api->create_submission($workshop->id, $students[1]->id, ['title' => 'My work', 'content' => 'Here']);
    $assessment = $api->create_assessment($submission, $students[2]->id, ['weight' => 1, 'grade' => 75.5]);
    $DB->insert_record('workshop_grades', ['assessmentid' => $assessment, 'strategy' => 'accumulative', 'dimensionid' => $dimension,
        'grade' => 7.5, 'peercomment' => 'Good', 'peercommentformat' => 0]);
});
part('packages', function() use ($make, $generator, $students) {
    global $DB, $CFG;
    $scorm = $make('scorm', ['name' => 'Package', 'section' => 4, 'packagefilepath' => $CFG->dirroot
        . '/mod/scorm/tests/packages/singlescobasic.zip']);
    $sco = $DB->get_records('scorm_scoes', ['scorm' => $scorm->id, 'scormtype' => 'sco'], 'id', '*', 0, 1);
    require_once($CFG->dirroot . '/mod/scorm/locallib.php');
    foreach ([1, 2] as $at) {
        scorm_insert_track($students[$at]->id, $scorm->id, reset($sco)->id, 1, 'cmi.core.score.raw', (string) (70 + $at), true);
    }
});
part('grades', function() use ($generator, $course, $students, $assign, $teacher) {
    global $DB;
    $category = $generator->create_grade_category(['courseid' => $course->id, 'fullname' => 'Written work']);
    $item = grade_item::fetch(['courseid' => $course->id, 'itemtype' => 'mod', 'itemmodule' => 'assign', 'iteminstance' => $assign->id]);
    $item->set_parent($category->id);
    $manual = new grade_item($generator->create_grade_item(['courseid' => $course->id, 'itemname' => 'Oral', 'grademax' => 20,
        'itemtype' => 'manual']), true);
    foreach ($students as $at => $student) {
        $manual->update_final_grade($student->id, 10 + $at, 'generator', "Said $at", FORMAT_PLAIN, $teacher->id);
    }
    $scale = $generator->create_scale(['courseid' => $course->id, 'name' => 'Own scale', 'scale' => 'Bad,Good,Best']);
    $generator->create_grade_item(['courseid' => $course->id, 'itemname' => 'By scale', 'gradetype' => GRADE_TYPE_SCALE,
        'scaleid' => $scale->id]);
    $outcome = $generator->create_grade_outcome(['courseid' => $course->id, 'shortname' => 'out1', 'fullname' => 'Outcome 1', 'scaleid' => $scale->id]);
    $generator->create_grade_item(['courseid' => $course->id, 'itemname' => 'By outcome', 'gradetype' => GRADE_TYPE_SCALE,
        'scaleid' => $scale->id, 'outcomeid' => $outcome->id]);
    grade_regrade_final_grades($course->id);
});
part('completion', function() use ($course, $page, $assign, $students) {
    global $DB, $CFG;
    require_once($CFG->dirroot . '/completion/criteria/completion_criteria_activity.php');
    $DB->insert_record('course_completion_criteria', ['course' => $course->id, 'criteriatype' => COMPLETION_CRITERIA_TYPE_ACTIVITY,
        'module' => 'page', 'moduleinstance' => $page->cmid]);
    $DB->insert_record('course_completion_aggr_methd', ['course' => $course->id, 'criteriatype' => null, 'method' => 1]);
    foreach ([1, 2, 3] as $at) {
        $DB->insert_record('course_modules_completion', ['coursemoduleid' => $page->cmid, 'userid' => $students[$at]->id,
            'completionstate' => 1, 'timemodified' => 1700060000 + $at]);
        $DB->insert_record('course_modules_viewed', ['coursemoduleid' => $page->cmid, 'userid' => $students[$at]->id,
            'timecreated' => 1700060000 + $at]);
    }
    $DB->insert_record('course_completions', ['userid' => $students[1]->id, 'course' => $course->id, 'timeenrolled' => 1693600000,
        'timestarted' => 1693600001, 'timecompleted' => 1700060500]);
});
part('surroundings', function() use ($generator, $course, $context, $students, $teacher, $page, $assign, $groups) {
    global $DB;
    $block = $generator->create_block('html', ['parentcontextid' => $context->id, 'pagetypepattern' => 'course-view-*'],
        ['configdata' => base64_encode(serialize((object) ['title' => 'Notice', 'text' => '<p>Come in</p>', 'format' => 1]))]);
    $DB->set_field('block_instances', 'configdata', base64_encode(serialize((object) ['title' => 'Notice', 'text' => '<p>Come in</p>',
        'format' => 1])), ['id' => $block->id]);
    put_file(context_block::instance($block->id)->id, 'block_html', 'content', 0, 'notice.txt', $teacher->id);
    $generator->create_event(['courseid' => $course->id, 'eventtype' => 'course', 'name' => 'Excursion', 'userid' => $teacher->id,
        'timestart' => 1700070000, 'description' => 'Bring boots']);
    $DB->set_field('course_modules', 'availability', json_encode(['op' => '&', 'c' => [
        ['type' => 'completion', 'cm' => (int) $page->cmid, 'e' => 1],
        ['type' => 'group', 'id' => (int) $groups[0]->id]], 'showc' => [true, true]]), ['id' => $assign->cmid]);
    $DB->set_field('course_modules', 'idnumber', 'essay-1', ['id' => $assign->cmid]);
    $student = $DB->get_field('role', 'id', ['shortname' => 'student']);
    assign_capability('mod/forum:startdiscussion', CAP_PREVENT, $student, $context->id);
    $DB->insert_record('role_names', ['roleid' => $student, 'contextid' => $context->id, 'name' => 'Learner']);
    foreach ([1, 2] as $at) {
        $section = $DB->get_record('course_sections', ['course' => $course->id, 'section' => $at]);
        $DB->update_record('course_sections', ['id' => $section->id, 'name' => "Week $at", 'summary' => "<p>Of week $at</p>",
            'summaryformat' => 1]);
        put_file($context->id, 'course', 'section', $section->id, "week$at.txt", $teacher->id);
    }
    filter_set_local_state('multilang', $context->id, TEXTFILTER_ON);
});
part('badge', function() use ($course, $students, $teacher, $context, $generator, $page) {
    global $DB;
    $badges = $generator->get_plugin_generator('core_badges');
    $badge = $badges->create_badge(['type' => 2, 'courseid' => $course->id, 'name' => 'Best', 'status' => 1]
        + array_fill_keys(['imageauthorname', 'imageauthoremail', 'imageauthorurl'], ''))->id;
    $role = $DB->get_field('role', 'id', ['shortname' => 'editingteacher']);
    foreach ([0 => [], 1 => ["module_$page->cmid" => $page->cmid, "bydate_$page->cmid" => 1719000000], 2 => ["role_$role" => $role]] as $kind => $params) {
        $criterion = $DB->insert_record('badge_criteria', ['badgeid' => $badge, 'criteriatype' => $kind, 'method' => 1, 'description' => "Kind $kind",
            'descriptionformat' => 1]);
        foreach ($params as $name => $value) {
            $DB->insert_record('badge_criteria_param', ['critid' => $criterion, 'name' => $name, 'value' => $value]);
        }
    }
    $DB->insert_record('badge_manual_award', ['badgeid' => $badge, 'recipientid' => $students[1]->id, 'issuerid' => $teacher->id,
        'issuerrole' => $role, 'datemet' => 1700080000]);
    $DB->insert_record('badge_alignment', ['badgeid' => $badge, 'targetname' => 'Standard', 'targeturl' => 'https://example.org/standard']);
    $DB->insert_record('badge_endorsement', ['badgeid' => $badge, 'issuername' => 'Academy', 'issuerurl' => 'https://example.org/',
        'issueremail' => 'academy@example.org', 'dateissued' => 1700080000]);
    if (core_tag_tag::is_enabled('core_badges', 'badge')) {
        core_tag_tag::set_item_tags('core_badges', 'badge', $badge, $context, ['shiny']);
    }
});
part('custom fields', function() use ($course, $groups) {
    $handler = \core_course\customfield\course_handler::create();
    $handler->instance_form_save((object) ['id' => $course->id, 'customfield_vintage' => '2023/24'], false);
    $handler = \core_group\customfield\group_handler::create();
    foreach ($groups as $at => $group) {
        $handler->instance_form_save((object) ['id' => $group->id, 'customfield_shade' => ['dark', 'light'][$at]], false);
    }
});
part('subsections', function() use ($make) {
    global $DB;
    if (!$DB->get_manager()->table_exists('subsection')) {
        return;
    }
    foreach ([1, 2, 3] as $at) {
        $part = $make('subsection', ['name' => "Part $at", 'section' => 2]);
        $section = $DB->get_field('course_sections', 'section', ['component' => 'mod_subsection', 'itemid' => $part->id], MUST_EXIST);
        $make('page', ['name' => 'Within', 'section' => $section, 'content' => "<p>Part $at</p>"]);
    }
});
part('tool', function() use ($make, $course, $teacher) {
    global $DB;
    $tool = $DB->insert_record('lti_types', ['name' => 'Own tool', 'baseurl' => 'https://tool.example.org/launch',
        'tooldomain' => 'tool.example.org', 'state' => 1, 'course' => $course->id, 'coursevisible' => 1, 'ltiversion' => 'LTI-1p0',
        'createdby' => $teacher->id, 'timecreated' => 1700090000, 'timemodified' => 1700090000]);
    foreach (['customparameters' => 'a=b', 'servicesalt' => uniqid('', true)] as $name => $value) {
        $DB->insert_record('lti_types_config', ['typeid' => $tool, 'name' => $name, 'value' => $value]);
    }
    // Without a secret of its own: only the site that encrypted one could read it.
    $make('lti', ['name' => 'Tool', 'section' => 4, 'typeid' => $tool, 'toolurl' => 'https://tool.example.org/launch', 'resourcekey' => '',
        'password' => '']);
});
part('content bank', function() use ($context, $teacher) {
    global $DB;
    $content = $DB->insert_record('contentbank_content', ['name' => 'Game', 'contenttype' => 'contenttype_h5p', 'contextid' => $context->id,
        'usercreated' => $teacher->id, 'usermodified' => $teacher->id, 'timecreated' => 1700090000, 'timemodified' => 1700090000]);
    put_file($context->id, 'contentbank', 'public', $content, 'game.h5p', $teacher->id);
});
part('random questions', function() use ($make) {
    global $DB;
    $quiz = $make('quiz', ['name' => 'Lottery', 'section' => 2, 'sumgrades' => 2, 'grade' => 10]);
    $category = $DB->get_field('question_categories', 'MAX(id)', ['name' => 'Chapter 1.1']);
    \mod_quiz\quiz_settings::create($quiz->id)->get_structure()->add_random_questions(1, 2, ['filter' => ['category' =>
        ['jointype' => 1, 'values' => [(int) $category], 'filteroptions' => ['includesubcategories' => false]]]]);
});
part('alias', function() use ($page, $teacher) {
    global $DB;
    $repository = $DB->get_field_sql("SELECT MIN(i.id) FROM {repository_instances} i JOIN {repository} r ON r.id = i.typeid
        WHERE r.type = 'local'");
    $context = context_module::instance($page->cmid)->id;
    $original = ['contextid' => $context, 'component' => 'mod_page', 'filearea' => 'content', 'itemid' => 0, 'filepath' => '/',
        'filename' => 'image.png'];
    get_file_storage()->create_file_from_reference(['filename' => 'alias.png', 'userid' => $teacher->id] + $original, $repository,
        file_storage::pack_reference($original));
});
part('links', function() use ($make, $course, $forum, $page, $quiz) {
    global $CFG, $DB;
    $of = fn(string $module) => $DB->get_record($module, ['course' => $course->id], '*', IGNORE_MULTIPLE);
    $discussion = $DB->get_record('forum_discussions', ['forum' => $forum->id, 'name' => 'Question 2']);
    $post = $DB->get_field('forum_posts', 'MAX(id)', ['discussion' => $discussion->id]);
    $chapter = $DB->get_field('book_chapters', 'MAX(id)', ['bookid' => $of('book')->id]);
    $book = get_coursemodule_from_instance('book', $of('book')->id)->id;
    $data = $of('data')->id;
    $record = $DB->get_field('data_records', 'MAX(id)', ['dataid' => $data]);
    $entry = $DB->get_field('glossary_entries', 'MAX(id)', ['glossaryid' => $of('glossary')->id]);
    $wiki = $DB->get_field_sql('SELECT MAX(p.id) FROM {wiki_pages} p JOIN {wiki_subwikis} s ON s.id = p.subwikiid WHERE s.wikiid = ?',
        [$of('wiki')->id]);
    $section = $DB->get_field('course_sections', 'id', ['course' => $course->id, 'section' => 2]);
    $context = context_module::instance($page->cmid)->id;
    $links = ["/course/section.php?id=$section", "/grade/report/index.php?id=$course->id", "/user/index.php?id=$course->id&amp;page=1",
        "/mod/forum/view.php?f=$forum->id", "/mod/forum/discuss.php?d=$discussion->id", "/mod/forum/discuss.php?d=$discussion->id&amp;parent=$post",
        "/mod/forum/discuss.php?d=$discussion->id#$post", "/mod/forum/discuss.php?d=$discussion->id#p$post",
        "/mod/book/view.php?id=$book&amp;chapterid=$chapter", "/mod/data/view.php?d=$data",
        "/mod/quiz/view.php?q=$quiz->id", "/mod/wiki/view.php?pageid=$wiki", "/mod/glossary/showentry.php?courseid=$course->id&amp;eid=$entry",
        "/mod/quiz/review.php?attempt=1", "/pluginfile.php/$context/mod_page/content/0/image.png"];
    if ($CFG->branch >= 500) {
        // Older ones translate the database of such a link, and not the record.
        $links[] = "/mod/data/view.php?d=$data&amp;rid=$record";
    }
    $text = implode(' ', array_map(fn($link) => "<a href=\"$CFG->wwwroot$link\">x</a>", $links));
    $text .= " <a href=\"https://example.org/?to=" . urlencode("$CFG->wwwroot/mod/data/view.php?d=$data") . '">y</a>';
    $make('page', ['name' => 'Links', 'section' => 4, 'content' => $text]);
});
part('log', function() use ($course, $students, $context, $page, $do) {
    foreach ([1, 2, 3] as $at) {
        $do($students[$at]);
        \core\event\course_viewed::create(['context' => $context])->trigger();
        $event = \mod_page\event\course_module_viewed::create(['objectid' => $page->id, 'context' => context_module::instance($page->cmid)]);
        $event->add_record_snapshot('course', get_course($course->id));
        $event->trigger();
        user_accesstime_log($course->id);
    }
    $do(get_admin());
    \core\event\course_viewed::create(['context' => $context])->trigger();
});
get_log_manager(true);
$DB->delete_records('task_adhoc');
rebuild_course_cache($course->id, true);
echo "$course->id\n";
