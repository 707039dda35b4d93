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

/**
 * What belongs to a course and no backup takes along: it is gone with the original.
 *
 * What of core's that is, is listed here. Plugins of others are asked for their tables: one with a column that leads to a course has data
 * of it. Activities, blocks and question types are not among them: core backs those up, or says that it cannot.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class left_behind {

    /** @var string[] Core's, by the word that it is accepted by: a number per course. */
    private const OF_CORE = [
        'backup_files' => "SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {files} f ON f.contextid = ctx.id
                            WHERE f.component = 'backup' AND f.filename <> '.' GROUP BY ctx.course",
        'blog_links' => 'SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {blog_association} b ON b.contextid = ctx.id GROUP BY ctx.course',
        'calendar_subscriptions' => 'SELECT courseid, COUNT(1) FROM {event_subscriptions} WHERE courseid IN ({in}) GROUP BY courseid',
        'communication' => "SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {communication} m ON m.contextid = ctx.id
                             WHERE m.provider <> 'none' GROUP BY ctx.course",
        'data_purposes' => 'SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {tool_dataprivacy_ctxinstance} p ON p.contextid = ctx.id
                             GROUP BY ctx.course',
        'event_monitor_rules' => 'SELECT courseid, COUNT(1) FROM {tool_monitor_rules} WHERE courseid IN ({in}) GROUP BY courseid',
        'event_monitor_subscriptions' => 'SELECT courseid, COUNT(1) FROM {tool_monitor_subscriptions} WHERE courseid IN ({in}) GROUP BY courseid',
        'feedback_templates' => 'SELECT course, COUNT(1) FROM {feedback_template} WHERE ispublic = 0 AND course IN ({in}) GROUP BY course',
        'grade_penalties' => 'SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {gradepenalty_duedate_rule} r ON r.contextid = ctx.id
                               GROUP BY ctx.course',
        'group_messages' => "SELECT g.courseid, COUNT(m.id) FROM {groups} g
                               JOIN {message_conversations} c ON c.component = 'core_group' AND c.itemtype = 'groups' AND c.itemid = g.id
                               JOIN {messages} m ON m.conversationid = c.id WHERE g.courseid IN ({in}) GROUP BY g.courseid",
        'notes' => "SELECT courseid, COUNT(1) FROM {post} WHERE module = 'notes' AND courseid IN ({in}) GROUP BY courseid",
        'recycle_bin' => 'SELECT courseid, COUNT(1) FROM {tool_recyclebin_course} WHERE courseid IN ({in}) GROUP BY courseid',
        'reports' => 'SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {reportbuilder_report} r ON r.contextid = ctx.id
                       WHERE r.type = 0 GROUP BY ctx.course',
        'repositories' => 'SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {repository_instances} r ON r.contextid = ctx.id
                         GROUP BY ctx.course',
    ];

    /** @var string[] Types of plugins that others look at. */
    private const LOOKED_AT = ['mod', 'block', 'qtype'];

    /** @var string[] How a table leads to a course: its rows' id and course. What is tried first comes first. */
    private const PATHS = [
        'course' => 'SELECT id, id AS course FROM {course} WHERE id IN ({in})',
        'course_modules' => 'SELECT id, course FROM {course_modules} WHERE course IN ({in})',
        'context' => 'SELECT id, course FROM {contexts} ctx',
        'course_sections' => 'SELECT id, course FROM {course_sections} WHERE course IN ({in})',
        'groups' => 'SELECT id, courseid AS course FROM {groups} WHERE courseid IN ({in})',
        'enrol' => 'SELECT id, courseid AS course FROM {enrol} WHERE courseid IN ({in})',
        'grade_items' => 'SELECT id, courseid AS course FROM {grade_items} WHERE courseid IN ({in})',
        'assign' => 'SELECT id, course FROM {assign} WHERE course IN ({in})',
        'quiz' => 'SELECT id, course FROM {quiz} WHERE course IN ({in})',
        'forum' => 'SELECT id, course FROM {forum} WHERE course IN ({in})',
        'assign_submission' => 'SELECT s.id, a.course FROM {assign_submission} s JOIN {assign} a ON a.id = s.assignment WHERE a.course IN ({in})',
        'assign_grades' => 'SELECT g.id, a.course FROM {assign_grades} g JOIN {assign} a ON a.id = g.assignment WHERE a.course IN ({in})',
        'quiz_slots' => 'SELECT s.id, q.course FROM {quiz_slots} s JOIN {quiz} q ON q.id = s.quizid WHERE q.course IN ({in})',
        'quiz_attempts' => 'SELECT t.id, q.course FROM {quiz_attempts} t JOIN {quiz} q ON q.id = t.quiz WHERE q.course IN ({in})',
        'user_enrolments' => 'SELECT u.id, e.courseid AS course FROM {user_enrolments} u JOIN {enrol} e ON e.id = u.enrolid
                               WHERE e.courseid IN ({in})',
        'grading_definitions' => 'SELECT d.id, ctx.course FROM {grading_definitions} d JOIN {grading_areas} a ON a.id = d.areaid
                                    JOIN {contexts} ctx ON ctx.id = a.contextid',
    ];

    /** @var string[] What columns lead to where nothing says it. */
    private const NAMES = [
        'course' => 'course', 'courseid' => 'course', 'course_id' => 'course',
        'cmid' => 'course_modules', 'coursemodule' => 'course_modules', 'coursemoduleid' => 'course_modules',
        'contextid' => 'context', 'context' => 'context',
        'sectionid' => 'course_sections', 'groupid' => 'groups', 'enrolid' => 'enrol',
        'assignment' => 'assign', 'assignmentid' => 'assign', 'submission' => 'assign_submission', 'submissionid' => 'assign_submission',
        'quizid' => 'quiz', 'definitionid' => 'grading_definitions',
    ];

    /**
     * What there is of courses.
     *
     * @param counts $counts
     * @return int[][] By course: how many, by word. A plugin's word is its name.
     */
    public static function of(counts $counts): array {
        $found = [];
        foreach (self::OF_CORE as $word => $sql) {
            self::add($found, $word, $counts->numbers($sql));
        }
        foreach (self::plugins(false) as $component => $queries) {
            foreach ($queries as $sql) {
                self::add($found, $component, $counts->numbers($sql));
            }
        }
        return $found;
    }

    /**
     * What there is of plugins that have a part in backups, and that nobody compares.
     *
     * @param counts $counts
     * @return int[][] By course: how many rows, by plugin.
     */
    public static function backed_up(counts $counts): array {
        $found = [];
        foreach (self::plugins(true) as $component => $queries) {
            foreach ($queries as $sql) {
                self::add($found, $component, $counts->numbers($sql));
            }
        }
        return $found;
    }

    /**
     * Adds numbers.
     *
     * @param int[][] $found
     * @param string $word
     * @param int[] $numbers By course.
     */
    private static function add(array &$found, string $word, array $numbers): void {
        foreach (array_filter($numbers) as $course => $number) {
            $found[$course][$word] = ($found[$course][$word] ?? 0) + $number;
        }
    }

    /**
     * Plugins of others that have data of courses.
     *
     * @param bool $inbackups Whether those that have a part in backups, or those that have none.
     * @return string[][] Queries by component: a number per course.
     */
    private static function plugins(bool $inbackups): array {
        $found = [];
        foreach (array_diff(array_keys(\core_component::get_plugin_types()), self::LOOKED_AT) as $type) {
            $standard = \core_plugin_manager::standard_plugins_list($type) ?: [];
            foreach (array_diff_key(\core_component::get_plugin_list($type), array_flip($standard)) as $name => $directory) {
                $queries = is_dir("$directory/backup/moodle2") === $inbackups ? self::queries($directory) : [];
                if ($queries) {
                    $found["{$type}_$name"] = $queries;
                }
            }
        }
        return $found;
    }

    /**
     * What counts a plugin's rows.
     *
     * @param string $directory
     * @return string[] One query for each of its tables that leads to a course.
     */
    private static function queries(string $directory): array {
        global $CFG;
        require_once("$CFG->libdir/ddllib.php");
        $file = new \xmldb_file("$directory/db/install.xml");
        if (!$file->fileExists() || !$file->loadXMLStructure()) {
            return [];
        }
        $queries = [];
        foreach ($file->getStructure()->getTables() as $table) {
            $leads = self::leads($table);
            foreach (array_intersect_key(self::PATHS, $leads) as $to => $path) {
                $queries[] = "SELECT p.course, COUNT(1) FROM {{$table->getName()}} t JOIN ($path) p ON p.id = t.{$leads[$to]} GROUP BY p.course";
                break;
            }
        }
        return $queries;
    }

    /**
     * Where a table's columns lead.
     *
     * @param \xmldb_table $table
     * @return string[] The column, by the table that it leads to.
     */
    private static function leads(\xmldb_table $table): array {
        $leads = [];
        foreach ($table->getKeys() as $key) {
            if ($key->getRefTable() && count($key->getFields()) === 1) {
                $leads[$key->getRefTable()] ??= $key->getFields()[0];
            }
        }
        foreach ($table->getFields() as $field) {
            $to = self::NAMES[$field->getName()] ?? null;
            if ($to && $field->getType() === XMLDB_TYPE_INTEGER) {
                $leads[$to] ??= $field->getName();
            }
        }
        return $leads;
    }
}
