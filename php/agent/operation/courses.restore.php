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

use provost\courses;
use provost\failure;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Restores a backup of a course into a category, as a new course: what admin/cli/restore_backup.php does.
 *
 * Parameters: file (a backup that this site can read), category (see courses.php), shortname (of the new course, or null for the backup's own, which
 * core changes where it is taken), visible (or null for as in the backup), dry (whether nothing is restored). Answer: see rows.php. A course with
 * the short name that was asked for is no change: it was restored before.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB, $USER;
        require_once("$CFG->dirroot/backup/util/includes/restore_includes.php");
        require_once("$CFG->dirroot/course/lib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../courses.php');
        $category = courses::category($params['category'] ?? null);
        $wanted = $params['shortname'] ?? null;
        $file = (string) ($params['file'] ?? '');
        $rows = new rows(['course', 'id', 'category', 'is']);
        $path = courses::paths()[$category->id];
        if ($wanted !== null && $DB->record_exists('course', ['shortname' => $wanted])) {
            return $rows->answer();
        }
        if (!is_readable($file)) {
            throw new failure('no_such', 'The backup cannot be read');
        }
        if (!empty($params['dry'])) {
            $rows->change($wanted, null, $path, 'restored');
            return $rows->answer();
        }
        raise_memory_limit(MEMORY_EXTRA);
        $place = \restore_controller::get_tempdir_name(SITEID, $USER->id);
        $directory = make_backup_temp_directory($place);
        $course = null;
        try {
            $unpacked = get_file_packer('application/vnd.moodle.backup')->extract_to_pathname($file, $directory);
            if (!$unpacked || !is_file("$directory/moodle_backup.xml")) {
                throw new failure('bad_backup', 'This is no backup of Moodle');
            }
            $info = \backup_general_helper::get_backup_information($place);
            if ($info->type !== \backup::TYPE_1COURSE) {
                throw new failure('bad_backup', 'This is no backup of a whole course');
            }
            // Under a name of its own, as core does: the restore takes the course's name for another one's.
            [$fullname, $shortname] = \restore_dbops::calculate_course_names(0, get_string('restoringcourse', 'backup'),
                get_string('restoringcourseshortname', 'backup'));
            $course = \restore_dbops::create_new_course($fullname, $shortname, $category->id);
            $task->effect("course $course");
            $this->restore($place, $course, $wanted ?? $info->original_course_shortname, $info->original_course_fullname);
        } catch (\Throwable $thrown) {
            if ($course !== null) {
                delete_course($course, false);
            }
            throw $thrown;
        } finally {
            fulldelete($directory);
        }
        if ($wanted !== null && $DB->get_field('course', 'shortname', ['id' => $course]) !== $wanted) {
            // Where another course has the full name, core changes both.
            update_course((object) ['id' => $course, 'shortname' => $wanted]);
        }
        if (is_bool($params['visible'] ?? null)) {
            course_change_visibility($course, $params['visible']);
        }
        $is = $DB->get_record('course', ['id' => $course], 'shortname, category', MUST_EXIST);
        if ((int) $is->category !== (int) $category->id || ($wanted !== null && $is->shortname !== $wanted)) {
            throw new failure('read_back', 'The course was restored, and has another name or category than it was to have');
        }
        $rows->change($is->shortname, $course, $path, 'restored');
        return $rows->answer();
    }

    /**
     * Has core restore what was unpacked.
     *
     * @param string $place
     * @param int $course
     * @param string $shortname
     * @param string $fullname
     */
    private function restore(string $place, int $course, string $shortname, string $fullname): void {
        global $USER;
        $controller = new \restore_controller($place, $course, \backup::INTERACTIVE_NO, \backup::MODE_GENERAL, $USER->id,
            \backup::TARGET_NEW_COURSE);
        try {
            $plan = $controller->get_plan();
            foreach (['course_shortname' => $shortname, 'course_fullname' => $fullname] as $name => $value) {
                if ($plan->setting_exists($name)) {
                    $plan->get_setting($name)->set_value($value);
                }
            }
            if (!$controller->execute_precheck()) {
                $faults = $controller->get_precheck_results()['errors'] ?? [];
                if ($faults) {
                    throw new failure('refused', implode('; ', array_map(strip_tags(...), $faults)));
                }
            }
            $controller->execute_plan();
        } finally {
            $controller->destroy();
        }
    }
};
