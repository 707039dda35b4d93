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

namespace provost;

/**
 * What of a course no recipe compares, and what keeps it from being at rest.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_left {

    /** @var string[] Ad hoc tasks that change a course after it was restored, by the names they have in their data. */
    private const COURSE_KEYS = ['courseid', 'course'];

    /**
     * Looks.
     *
     * @param census_names $names
     * @param census_activities $activities
     * @param \stdClass $course
     */
    public function __construct(
        private readonly census_names $names,
        private readonly census_activities $activities,
        private readonly \stdClass $course,
    ) {
    }

    /**
     * What there is of the course that no recipe knows, or that no backup takes along (left_behind).
     *
     * @return array
     */
    public function not_compared(): array {
        $found = [];
        foreach ($this->activities->unknown() as $module => $count) {
            $found["mod_$module"] = "$count activities";
        }
        foreach ($this->blocks() as $block => $count) {
            $found["block_$block"] = "$count blocks";
        }
        foreach ($this->question_types() as $qtype => $count) {
            $found["qtype_$qtype"] = "$count questions";
        }
        if ($banks = $this->foreign_banks()) {
            $found['question_bank_outside'] = implode(', ', $banks);
        }
        $counts = new archive\counts([(int) $this->course->id]);
        foreach (archive\left_behind::backed_up($counts)[$this->course->id] ?? [] as $component => $count) {
            $found[$component] = "$count rows";
        }
        foreach (archive\left_behind::of($counts)[$this->course->id] ?? [] as $word => $count) {
            $found["left_behind.$word"] = $count;
        }
        ksort($found);
        return array_map(fn($component, $what) => ['component' => $component, 'what' => (string) $what], array_keys($found), $found);
    }

    /**
     * Changes that people made in the course from a time on, as its log has them.
     *
     * @param string $side Only of the source.
     * @param int|null $time
     * @return int
     */
    public function changes_since(string $side, ?int $time): int {
        global $DB;
        if ($side !== 'source' || $time === null || !$DB->get_manager()->table_exists('logstore_standard_log')) {
            return 0;
        }
        // What a session itself does is none of it: its backup, and that it hides what it has copied.
        return $DB->count_records_select('logstore_standard_log', "courseid = ? AND timecreated >= ? AND crud <> 'r' AND userid > 0
            AND origin <> 'cli'", [$this->course->id, $time]);
    }

    /**
     * Why the course is not at rest: tasks about it that wait, and grades that are still to be calculated.
     *
     * @return string[]
     */
    public function unrest(): array {
        global $DB;
        $unrest = [];
        $tasks = $DB->get_recordset_select('task_adhoc', $DB->sql_like('customdata', '?'), ['%course%'], 'id', 'id, classname, customdata');
        foreach ($tasks as $task) {
            $data = json_decode($task->customdata, true) ?: [];
            foreach (self::COURSE_KEYS as $key) {
                if (isset($data[$key]) && is_scalar($data[$key]) && $data[$key] == $this->course->id) {
                    $unrest[] = "task $task->classname";
                }
            }
        }
        $tasks->close();
        return array_values(array_unique($unrest));
    }

    /**
     * Banks outside the course that its activities draw questions from. A restore puts copies of them into a bank of the new course.
     *
     * @return string[] Their places, with how many questions are used.
     */
    private function foreign_banks(): array {
        global $DB;
        $found = [];
        // Before Moodle 4.0 there was no such table.
        $places = $DB->get_manager()->table_exists('question_references') ? $this->names->ids('content_context') : [];
        foreach (array_chunk($places, 1000) as $contexts) {
            [$in, $params] = $DB->get_in_or_equal($contexts);
            $single = $DB->get_records_sql_menu("SELECT c.contextid, COUNT(DISTINCT e.id) FROM {question_references} r
                JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
                JOIN {question_categories} c ON c.id = e.questioncategoryid WHERE r.usingcontextid $in GROUP BY c.contextid", $params);
            $random = $DB->get_records_sql_menu("SELECT questionscontextid, COUNT(1) FROM {question_set_references}
                WHERE usingcontextid $in GROUP BY questionscontextid", $params);
            foreach ([$single, $random] as $counts) {
                foreach ($counts as $context => $count) {
                    $found[$context] = ($found[$context] ?? 0) + $count;
                }
            }
        }
        $found = array_filter($found, fn($id) => $this->names->inside('content_context', (int) $id) === null, ARRAY_FILTER_USE_KEY);
        return array_map(function($id, $count) {
            $context = \context::instance_by_id($id, IGNORE_MISSING);
            return ($context ? $context->get_context_name() : 'a place that is gone') . ": $count";
        }, array_keys($found), $found);
    }

    /**
     * Blocks of plugins that are not core's.
     *
     * @return int[] How many, by name.
     */
    private function blocks(): array {
        return $this->foreign('block', $this->count('block_instances', 'blockname', 'parentcontextid', 'content_context'));
    }

    /**
     * Questions of plugins that are not core's.
     *
     * @return int[] How many, by name.
     */
    private function question_types(): array {
        return $this->foreign('qtype', $this->count('question', 'qtype', 'id', 'question'));
    }

    /**
     * Those of another's making.
     *
     * @param string $type
     * @param int[] $counts
     * @return int[]
     */
    private function foreign(string $type, array $counts): array {
        $standard = \core_plugin_manager::standard_plugins_list($type) ?: [];
        // A random question is no type of its own any more, and still in older banks.
        return array_diff_key($counts, array_flip($standard), ['random' => true]);
    }

    /**
     * How many rows there are, by a column.
     *
     * @param string $table
     * @param string $column
     * @param string $of
     * @param string $set
     * @return int[]
     */
    private function count(string $table, string $column, string $of, string $set): array {
        global $DB;
        $counts = [];
        foreach (array_chunk($this->names->ids($set), 1000) as $ids) {
            [$in, $params] = $DB->get_in_or_equal($ids);
            $some = $DB->get_records_sql_menu("SELECT $column, COUNT(1) FROM {{$table}} WHERE $of $in GROUP BY $column", $params);
            foreach ($some as $name => $count) {
                $counts[$name] = ($counts[$name] ?? 0) + $count;
            }
        }
        return $counts;
    }
}
