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
 * What is in some courses, counted in bulk: one query for all of them, whatever is counted.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class counts {

    /** @var string The courses' ids, for a query. */
    private readonly string $in;

    /** @var string A table of the contexts of the courses, for a query: columns id and course. */
    private readonly string $contexts;

    /**
     * Begins.
     *
     * @param int[] $ids Never empty.
     */
    public function __construct(array $ids) {
        $this->in = $in = implode(', ', array_map('intval', $ids));
        [$course, $module, $block] = [CONTEXT_COURSE, CONTEXT_MODULE, CONTEXT_BLOCK];
        $this->contexts = "(SELECT x.id, x.instanceid AS course FROM {context} x WHERE x.contextlevel = $course AND x.instanceid IN ($in)
                            UNION ALL
                            SELECT x.id, cm.course FROM {course_modules} cm
                              JOIN {context} x ON x.contextlevel = $module AND x.instanceid = cm.id
                             WHERE cm.course IN ($in)
                            UNION ALL
                            SELECT x.id, p.instanceid AS course FROM {context} p
                              JOIN {block_instances} b ON b.parentcontextid = p.id
                              JOIN {context} x ON x.contextlevel = $block AND x.instanceid = b.id
                             WHERE p.contextlevel = $course AND p.instanceid IN ($in))";
    }

    /**
     * A number per course.
     *
     * @param string $sql With columns course and number; {in} and {contexts} are put in.
     * @return int[]
     */
    public function numbers(string $sql): array {
        global $DB;
        return $this->can($sql) ? array_map('intval', $DB->get_records_sql_menu($this->fill($sql))) : [];
    }

    /**
     * A number per course and word.
     *
     * @param string $sql With columns course, word, number.
     * @return int[][]
     */
    public function words(string $sql): array {
        global $DB;
        $found = [];
        $rows = $DB->get_recordset_sql($this->fill($sql));
        foreach ($rows as $row) {
            if ((string) $row->word !== '') {
                $found[$row->course][$row->word] = (int) $row->number;
            }
        }
        $rows->close();
        return $found;
    }

    /**
     * Different contents per course: how many, their bytes, how many of them cannot be read.
     *
     * @param bool $look Whether each is looked for.
     * @return int[][] By course: contents, bytes, missing.
     */
    public function contents(bool $look): array {
        global $DB;
        $found = $seen = [];
        $rows = $DB->get_recordset_sql($this->fill("SELECT ctx.course, f.contenthash, MAX(f.filesize) AS bytes
                                                      FROM {contexts} ctx JOIN {files} f ON f.contextid = ctx.id
                                                     WHERE f.filename <> '.' AND f.component <> 'backup'
                                                  GROUP BY ctx.course, f.contenthash"));
        foreach ($rows as $row) {
            $found[$row->course] ??= [0, 0, 0];
            $found[$row->course][0]++;
            $found[$row->course][1] += (int) $row->bytes;
            if ($look) {
                $found[$row->course][2] += (int) ($seen[$row->contenthash] ??= contents::path($row->contenthash) === null);
            }
        }
        $rows->close();
        return $found;
    }

    /**
     * Components that the courses are made of, beside activities and the format.
     *
     * @return int[][] Words per course.
     */
    public function components(): array {
        global $DB;
        $queries = [
            "SELECT ctx.course, b.blockname AS word, 'block_' AS type, COUNT(1) AS number
               FROM {contexts} ctx JOIN {block_instances} b ON b.parentcontextid = ctx.id GROUP BY ctx.course, b.blockname",
            "SELECT e.courseid AS course, e.enrol AS word, 'enrol_' AS type, COUNT(1) AS number
               FROM {enrol} e WHERE e.courseid IN ({in}) GROUP BY e.courseid, e.enrol",
            "SELECT ctx.course, a.activemethod AS word, 'gradingform_' AS type, COUNT(1) AS number
               FROM {contexts} ctx JOIN {grading_areas} a ON a.contextid = ctx.id GROUP BY ctx.course, a.activemethod",
            "SELECT ctx.course, q.qtype AS word, 'qtype_' AS type, COUNT(1) AS number
               FROM {contexts} ctx
               JOIN {question_categories} qc ON qc.contextid = ctx.id
               JOIN {question_bank_entries} e ON e.questioncategoryid = qc.id
               JOIN {question_versions} v ON v.questionbankentryid = e.id
               JOIN {question} q ON q.id = v.questionid GROUP BY ctx.course, q.qtype",
            "SELECT q.course, q.preferredbehaviour AS word, 'qbehaviour_' AS type, COUNT(1) AS number
               FROM {quiz} q WHERE q.course IN ({in}) GROUP BY q.course, q.preferredbehaviour",
        ];
        $found = [];
        foreach (array_filter($queries, [$this, 'can']) as $sql) {
            $rows = $DB->get_recordset_sql($this->fill($sql));
            foreach ($rows as $row) {
                if ((string) $row->word !== '') {
                    $found[$row->course][$row->type . $row->word] = 1;
                }
            }
            $rows->close();
        }
        foreach ($this->conditions() as [$course, $type]) {
            $found[$course]["availability_$type"] = 1;
        }
        return $found;
    }

    /**
     * Conditions on activities and sections.
     *
     * @return \Generator Of [course, type].
     */
    private function conditions(): \Generator {
        global $DB;
        foreach (['course_modules', 'course_sections'] as $table) {
            $rows = $DB->get_recordset_select($table, "course IN ($this->in) AND availability IS NOT NULL", null, '',
                'id, course, availability');
            foreach ($rows as $row) {
                preg_match_all('/"type":"([a-z0-9_]+)"/', (string) $row->availability, $types);
                foreach ($types[1] as $type) {
                    yield [$row->course, $type];
                }
            }
            $rows->close();
        }
    }

    /**
     * Whether the tables of a query are there: most modules can be uninstalled, and older Moodles have others.
     *
     * @param string $sql
     * @return bool
     */
    public function can(string $sql): bool {
        global $DB;
        preg_match_all('/\{([a-z0-9_]+)\}/', str_replace(['{in}', '{contexts}'], '', $sql), $tables);
        return !array_filter($tables[1], fn(string $table): bool => !$DB->get_manager()->table_exists($table));
    }

    /**
     * Puts the courses into a query.
     *
     * @param string $sql
     * @return string
     */
    public function fill(string $sql): string {
        return str_replace(['{in}', '{contexts}'], [$this->in, $this->contexts], $sql);
    }
}
