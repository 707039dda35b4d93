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
 * Who takes part in courses: whoever is enrolled, has a role, or left something that can be counted without opening every activity.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class taking_part {

    /** @var string[][] A person's column, a course's, and where they are. */
    private const TRACES = [
        ['ue.userid', 'e.courseid', '{user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid IN ({in})'],
        ['ra.userid', 'ctx.course', '{role_assignments} ra JOIN {contexts} ctx ON ctx.id = ra.contextid'],
        ['f.userid', 'ctx.course', '{files} f JOIN {contexts} ctx ON ctx.id = f.contextid WHERE f.userid IS NOT NULL'],
        ['gg.userid', 'gi.courseid', '{grade_grades} gg JOIN {grade_items} gi ON gi.id = gg.itemid WHERE gi.courseid IN ({in})'],
        ['gm.userid', 'g.courseid', '{groups_members} gm JOIN {groups} g ON g.id = gm.groupid WHERE g.courseid IN ({in})'],
        ['cmc.userid', 'cm.course', '{course_modules_completion} cmc JOIN {course_modules} cm ON cm.id = cmc.coursemoduleid
           WHERE cm.course IN ({in})'],
        ['la.userid', 'la.courseid', '{user_lastaccess} la WHERE la.courseid IN ({in})'],
        ['l.userid', 'l.courseid', '{logstore_standard_log} l WHERE l.courseid IN ({in})'],
        ['p.userid', 'd.course', '{forum_posts} p JOIN {forum_discussions} d ON d.id = p.discussion WHERE d.course IN ({in})'],
        ['s.userid', 'a.course', '{assign_submission} s JOIN {assign} a ON a.id = s.assignment WHERE a.course IN ({in})'],
        ['t.userid', 'q.course', '{quiz_attempts} t JOIN {quiz} q ON q.id = t.quiz WHERE q.course IN ({in})'],
    ];

    /** @var counts The courses. */
    private readonly counts $counts;

    /**
     * Begins.
     *
     * @param int[] $courses Never empty.
     */
    public function __construct(array $courses) {
        $this->counts = new counts($courses);
    }

    /**
     * Their accounts, in the order of their numbers.
     *
     * @param int $after
     * @param int $limit
     * @return \stdClass[]
     */
    public function accounts(int $after, int $limit): array {
        global $DB;
        $traces = $this->union(fn(string $user): string => $user);
        return $DB->get_records_sql("SELECT u.id, u.username, u.email, u.idnumber, u.firstaccess, u.deleted, u.mnethostid FROM {user} u
                                      WHERE u.id > ? AND u.id IN ($traces) ORDER BY u.id", [$after], 0, $limit);
    }

    /**
     * In which of the courses some of them are.
     *
     * @param int[] $users
     * @return int[][] Courses by person.
     */
    public function courses(array $users): array {
        global $DB;
        $traces = $this->union(fn(string $user, string $course): string => "$user AS person, $course AS course");
        $found = [];
        foreach (array_chunk(array_map('intval', $users), 1000) as $some) {
            [$in, $params] = $DB->get_in_or_equal($some);
            $rows = $DB->get_recordset_sql("SELECT x.person, x.course FROM ($traces) x WHERE x.person $in ORDER BY x.person, x.course", $params);
            foreach ($rows as $row) {
                $found[(int) $row->person][] = (int) $row->course;
            }
            $rows->close();
        }
        return $found;
    }

    /**
     * All traces in one query, each once.
     *
     * @param callable $columns Is given a person's column and a course's.
     * @return string
     */
    private function union(callable $columns): string {
        $queries = array_map(fn(array $trace): string => "SELECT {$columns($trace[0], $trace[1])} FROM $trace[2]", self::TRACES);
        return implode(' UNION ', array_map([$this->counts, 'fill'], array_filter($queries, [$this->counts, 'can'])));
    }
}
