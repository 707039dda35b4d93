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
 * Copies a course with core's own backup and restore, everything included.
 *
 *     php copy.php /path/to/config.php prepare
 *     php copy.php /path/to/config.php backup COURSE FILE.mbz [SETTING=VALUE …]
 *     php copy.php /path/to/config.php restore FILE.mbz [SETTING=VALUE …]
 *
 * The first gives a site what the courses of these tests need. The last line of a restore says the new course's number.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
$arguments = array_slice($argv, 2);
require($argv[1]);
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->dirroot . '/backup/util/includes/backup_includes.php');
require_once($CFG->dirroot . '/backup/util/includes/restore_includes.php');
\core\session\manager::set_user(get_admin());

$settings = [];
foreach (array_splice($arguments, $arguments[0] === 'backup' ? 3 : 2) as $setting) {
    [$key, $value] = explode('=', $setting, 2);
    $settings[$key] = (int) $value;
}

/**
 * Sets what a plan has of some settings.
 *
 * @param base_plan $plan
 * @param int[] $values
 */
function set_all(base_plan $plan, array $values): void {
    foreach ($values as $name => $value) {
        if ($plan->setting_exists($name)) {
            $setting = $plan->get_setting($name);
            $setting->set_status(base_setting::NOT_LOCKED);
            $setting->set_value($value);
        }
    }
}

if ($arguments[0] === 'prepare') {
    require_once($CFG->libdir . '/testing/generator/lib.php');
    require_once($CFG->libdir . '/testing/generator/data_generator.php');
    foreach (['enablecompletion', 'usecomments', 'enableavailability', 'enableoutcomes'] as $feature) {
        set_config($feature, 1);
    }
    filter_set_global_state('multilang', TEXTFILTER_OFF);
    // Tasks of the installation are none of a copy's.
    $DB->delete_records('task_adhoc');
    // One person at both sites: core would not restore another's rows as this administrator's.
    $DB->set_field('user', 'email', 'admin@example.com', ['username' => 'admin']);
    $fields = (new testing_data_generator())->get_plugin_generator('core_customfield');
    $category = $fields->create_category(['component' => 'core_course', 'area' => 'course', 'name' => 'Archive']);
    $fields->create_field(['categoryid' => $category->get('id'), 'type' => 'text', 'shortname' => 'vintage']);
    $category = $fields->create_category(['component' => 'core_group', 'area' => 'group', 'name' => 'Colours']);
    $fields->create_field(['categoryid' => $category->get('id'), 'type' => 'text', 'shortname' => 'shade']);
} else if ($arguments[0] === 'backup') {
    $all = array_fill_keys(['users', 'role_assignments', 'activities', 'blocks', 'files', 'filters', 'comments', 'badges', 'calendarevents',
        'userscompletion', 'logs', 'grade_histories', 'questionbank', 'groups', 'competencies', 'customfield', 'contentbankcontent',
        'xapistate', 'legacyfiles'], 1);
    $controller = new backup_controller(backup::TYPE_1COURSE, (int) $arguments[1], backup::FORMAT_MOODLE, backup::INTERACTIVE_NO,
        backup::MODE_GENERAL, get_admin()->id);
    set_all($controller->get_plan(), $settings + $all + ['anonymize' => 0]);
    $controller->execute_plan();
    $results = $controller->get_results();
    $results['backup_destination']->copy_content_to($arguments[2]);
    // The other site has an account of its own.
    chmod($arguments[2], 0644);
    $results['backup_destination']->delete();
    $controller->destroy();
} else {
    // Moodle 5 writes every JPEG anew that comes in, to take its EXIF away: of a copy that is a change of the contents.
    $CFG->config_php_settings['file_redactor_exifremoverenabled'] = false;
    $directory = 'proof' . getmypid();
    get_file_packer('application/vnd.moodle.backup')->extract_to_pathname($arguments[1], make_backup_temp_directory($directory));
    // Core leaves some categories of questions with the number of their parent at the other site; Provost's restore mends that, see
    // php/agent/archive/categories.php. Two new sites give the same numbers, and such a one would be another category of the copy.
    for ($made = 0; $made < 200; $made++) {
        $DB->delete_records('question_categories', ['id' => $DB->insert_record('question_categories', ['name' => '', 'info' => '',
            'contextid' => SYSCONTEXTID, 'stamp' => "proof$made"])]);
    }
    $category = $DB->get_field('course_categories', 'MIN(id)', []);
    $id = restore_dbops::create_new_course('Restored', 'restored-' . getmypid(), $category);
    $controller = new restore_controller($directory, $id, backup::INTERACTIVE_NO, backup::MODE_GENERAL, get_admin()->id,
        backup::TARGET_NEW_COURSE);
    set_all($controller->get_plan(), $settings + ['users' => 1, 'logs' => 1, 'grade_histories' => 1, 'enrolments' => backup::ENROL_ALWAYS]);
    if (!$controller->execute_precheck() && !empty($controller->get_precheck_results()['errors'])) {
        cli_error(json_encode($controller->get_precheck_results()));
    }
    $controller->execute_plan();
    $controller->destroy();
    // What the restore has left to be done later: the copy is to be at rest.
    \core\cron::setup_user();
    \core\cron::run_adhoc_tasks(time());
    echo "$id\n";
}
