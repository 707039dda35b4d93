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
 * Makes a course, and in it what no backup takes along; and another one, whose quiz draws at random from the first one's bank.
 *
 *     php besides.php /path/to/config.php SHORTNAME OTHER
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
[, $config, $name, $other] = $argv;
require($config);
require_once($CFG->libdir . '/testing/generator/lib.php');
require_once($CFG->libdir . '/testing/generator/data_generator.php');
require_once(__DIR__ . '/testcase.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/notes/lib.php');

\core\session\manager::set_user(get_admin());
$generator = new testing_data_generator();
$course = $generator->create_course(['shortname' => $name]);
$context = context_course::instance($course->id);

get_file_storage()->create_file_from_string(['contextid' => $context->id, 'component' => 'backup', 'filearea' => 'course', 'itemid' => 0,
    'filepath' => '/', 'filename' => 'old.mbz'], 'an old backup');

$note = (object) ['courseid' => $course->id, 'userid' => get_admin()->id, 'content' => 'Diligent', 'format' => FORMAT_PLAIN,
    'publishstate' => NOTES_STATE_PUBLIC];
note_save($note);

$group = $generator->create_group(['courseid' => $course->id, 'enablemessaging' => 1]);
$conversation = \core_message\api::get_conversation_by_area('core_group', 'groups', $group->id, $context->id)
    ?: \core_message\api::create_conversation(\core_message\api::MESSAGE_CONVERSATION_TYPE_GROUP, [get_admin()->id], 'Group',
        \core_message\api::MESSAGE_CONVERSATION_ENABLED, 'core_group', 'groups', $group->id, $context->id);
$DB->insert_record('messages', ['useridfrom' => get_admin()->id, 'conversationid' => $conversation->id, 'fullmessage' => 'Good morning',
    'fullmessageformat' => FORMAT_PLAIN, 'timecreated' => time()]);

$DB->insert_record('communication', ['contextid' => $context->id, 'instanceid' => $course->id, 'component' => 'core_course',
    'instancetype' => 'coursecommunication', 'provider' => 'communication_customlink', 'roomname' => 'Room', 'active' => 1]);
$DB->insert_record('feedback_template', ['course' => $course->id, 'ispublic' => 0, 'name' => 'Ours']);
$DB->insert_record('tool_dataprivacy_ctxinstance', ['contextid' => $context->id, 'usermodified' => 2, 'timecreated' => 1, 'timemodified' => 1]);
$DB->insert_record('reportbuilder_report', ['name' => 'Ours', 'source' => 'core_course\\reportbuilder\\datasource\\courses', 'type' => 0,
    'contextid' => $context->id, 'component' => '', 'area' => '', 'usercreated' => 2, 'usermodified' => 2, 'timecreated' => 1, 'timemodified' => 1]);
if ($DB->get_manager()->table_exists('gradepenalty_duedate_rule')) {
    $DB->insert_record('gradepenalty_duedate_rule', ['contextid' => $context->id, 'overdueby' => 86400, 'penalty' => 10]);
}

set_config('coursebinenable', 1, 'tool_recyclebin');
$page = $generator->create_module('page', ['course' => $course->id]);
course_delete_module($page->cmid);

$bank = context_module::instance($generator->create_module('qbank', ['course' => $course->id])->cmid);
$questions = $generator->get_plugin_generator('core_question');
$category = $questions->create_question_category(['contextid' => $bank->id]);
$questions->create_question('truefalse', null, ['category' => $category->id]);

$elsewhere = $generator->create_course(['shortname' => $other]);
$quiz = $generator->create_module('quiz', ['course' => $elsewhere->id, 'name' => 'Exam']);
\mod_quiz\quiz_settings::create($quiz->id)->get_structure()->add_random_questions(1, 1, ['filter' => ['category' => [
    'jointype' => 1, 'values' => [$category->id], 'filteroptions' => ['includesubcategories' => false]]]]);
echo "$course->id\n";
