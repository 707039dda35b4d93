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

namespace provost\archive;

use provost\failure;

/**
 * The end of a course: by core's own means, without the recycle bin, and seen.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class deletion {

    /**
     * Deletes a course.
     *
     * @param \stdClass $course
     * @return int Bytes of contents that nothing else refers to.
     */
    public static function course(\stdClass $course): int {
        global $CFG, $DB;
        if ($course->id == SITEID) {
            throw new failure('bad_request', 'The front page is no course that could be deleted');
        }
        require_once("$CFG->dirroot/course/lib.php");
        self::without_bins();
        $context = \context_course::instance($course->id, IGNORE_MISSING) ?: null;
        $contexts = $context ? self::below($context) : [];
        // What a restore that was rolled back left in the caches knows activities that are not there.
        rebuild_course_cache($course->id, true);
        $freed = $contexts ? self::freed($contexts) : 0;
        self::thaw($contexts);
        self::questions_first($contexts);
        self::questions_of_course($context);
        if (!delete_course($course, false)) {
            throw new failure('not_deleted', "Moodle did not delete the course $course->id");
        }
        fix_course_sortorder();
        if ($DB->record_exists('course', ['id' => $course->id])
                || ($context && $DB->record_exists('context', ['id' => $context->id]))) {
            throw new failure('read_back', "The course $course->id was deleted, and is there");
        }
        foreach (array_chunk($contexts, 1000) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk);
            if ($DB->record_exists_select('files', "contextid $in", $params)) {
                throw new failure('read_back', "The course $course->id was deleted, and there are still files of it");
            }
        }
        return $freed;
    }

    /**
     * Deletes an activity.
     *
     * @param int $module Its number among the course's.
     */
    public static function module(int $module): void {
        global $CFG;
        require_once("$CFG->dirroot/course/lib.php");
        self::without_bins();
        course_delete_module($module);
    }

    /**
     * In this process only: both bins would keep the data.
     */
    private static function without_bins(): void {
        global $CFG;
        $CFG->forced_plugin_settings['tool_recyclebin']['categorybinenable'] = '0';
        $CFG->forced_plugin_settings['tool_recyclebin']['coursebinenable'] = '0';
    }

    /**
     * A course whose deletion was begun, whatever is left of its row.
     *
     * @param int $id
     * @return \stdClass|null
     */
    public static function there(int $id): ?\stdClass {
        global $DB;
        return $DB->get_record('course', ['id' => $id]) ?: null;
    }

    /**
     * Takes away what core deletes after the course's row: it does not begin a second time without it.
     *
     * @param int $id
     */
    public static function leftovers(int $id): void {
        global $CFG, $DB;
        require_once("$CFG->dirroot/course/lib.php");
        $DB->delete_records('course_format_options', ['courseid' => $id]);
        $context = $DB->get_record('context', ['contextlevel' => CONTEXT_COURSE, 'instanceid' => $id]);
        if ($context) {
            \context_helper::delete_instance(CONTEXT_COURSE, $id);
        }
        fix_course_sortorder();
    }

    /**
     * Removes a course that we have made, with what a deletion leaves of it: log rows, what grades were, queued tasks, and core's rows of
     * its restore.
     *
     * @param \stdClass $course
     */
    public static function ours(\stdClass $course): void {
        global $DB;
        // There is no API for any of these, and nobody else has put anything there. Before the course: whoever comes after a kill finds
        // it by the course.
        if ($DB->get_manager()->table_exists('logstore_standard_log')) {
            $DB->delete_records('logstore_standard_log', ['courseid' => $course->id]);
        }
        $DB->delete_records('backup_controllers', ['operation' => 'restore', 'type' => 'course', 'itemid' => $course->id]);
        $items = $DB->get_fieldset_select('grade_items', 'id', 'courseid = ?', [$course->id]);
        self::course($course);
        foreach (array_chunk($items, 1000) as $chunk) {
            $DB->delete_records_list('grade_grades_history', 'itemid', $chunk);
        }
        foreach (['grade_items_history', 'grade_categories_history'] as $table) {
            $DB->delete_records($table, ['courseid' => $course->id]);
        }
        foreach (array_keys(tasks::of((int) $course->id)) as $id) {
            $DB->delete_records('task_adhoc', ['id' => $id]);
        }
    }

    /**
     * The contexts of a course: its own, and those below it.
     *
     * @param \context $context
     * @return int[]
     */
    public static function below(\context $context): array {
        global $DB;
        $below = $DB->sql_like('path', ':below');
        return array_map('intval', $DB->get_fieldset_select('context', 'id', "id = :self OR $below",
            ['self' => $context->id, 'below' => "$context->path/%"]));
    }

    /**
     * Deletes the activities that use questions. Core's deletion of a course deletes questions before the attempts at them, takes them for
     * used, and moves them into a question bank of the whole site; its deletion of an activity has the right order.
     *
     * @param int[] $contexts
     */
    private static function questions_first(array $contexts): void {
        global $DB;
        $manager = $DB->get_manager();
        foreach (['question_usages' => 'contextid', 'question_references' => 'usingcontextid',
                'question_set_references' => 'usingcontextid'] as $table => $column) {
            foreach ($manager->table_exists($table) ? array_chunk($contexts, 1000) : [] as $chunk) {
                [$in, $params] = $DB->get_in_or_equal($chunk);
                $modules = $DB->get_fieldset_sql("SELECT DISTINCT cm.id FROM {{$table}} t
                                                    JOIN {context} c ON c.id = t.$column AND c.contextlevel = " . CONTEXT_MODULE . "
                                                    JOIN {course_modules} cm ON cm.id = c.instanceid
                                                   WHERE t.$column $in", $params);
                foreach ($modules as $module) {
                    course_delete_module($module);
                }
            }
        }
    }

    /**
     * Deletes the questions that lie in the course itself. From Moodle 5.0 on core knows none there and leaves them behind, though its own
     * restore puts all of a course's questions there until the end: one that fails before has them still.
     *
     * @param \context|null $context
     */
    private static function questions_of_course(?\context $context): void {
        global $CFG, $DB;
        require_once("$CFG->libdir/questionlib.php");
        // One by one, not as a tree: until a restore's end their parents have the numbers of the other site.
        foreach ($context ? $DB->get_records('question_categories', ['contextid' => $context->id], 'id') : [] as $category) {
            question_category_delete_safe($category, true);
        }
    }

    /**
     * Takes the locks away that a frozen course has: core refuses much in it.
     *
     * @param int[] $contexts
     */
    private static function thaw(array $contexts): void {
        global $DB;
        foreach (array_chunk($contexts, 1000) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk);
            foreach ($DB->get_fieldset_select('context', 'id', "locked = 1 AND id $in", $params) as $id) {
                \context::instance_by_id($id)->set_locked(false);
            }
        }
    }

    /**
     * Bytes of contents that only these contexts refer to.
     *
     * @param int[] $contexts
     * @return int
     */
    private static function freed(array $contexts): int {
        global $DB;
        [$in, $params] = $DB->get_in_or_equal($contexts, SQL_PARAMS_NAMED, 'a');
        [$notin, $others] = $DB->get_in_or_equal($contexts, SQL_PARAMS_NAMED, 'b', false);
        return (int) $DB->get_field_sql("SELECT SUM(own.filesize)
                                           FROM (SELECT DISTINCT contenthash, filesize FROM {files} WHERE contextid $in) own
                                          WHERE NOT EXISTS (SELECT 1 FROM {files} o
                                                             WHERE o.contenthash = own.contenthash AND o.contextid $notin)",
            $params + $others);
    }
}
