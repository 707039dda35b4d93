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

use provost\archive\deletion;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Who a backup of some courses would bring: whoever is enrolled, has a role, or left something that can be counted without opening every
 * activity. A backup may bring a few more; the restore decides about them by the same rules.
 *
 * Parameters: courses (ids), after (an id), limit. Answer: users (a list: id, username, email, idnumber, firstaccess, deleted, mnethost),
 * next (where the next page begins, or null).
 */
return new class implements operation {

    /** @var int How many at most. */
    private const PAGE = 20000;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once(__DIR__ . '/../archive/library.php');
        $limit = min((int) ($params['limit'] ?? 0) ?: self::PAGE, self::PAGE);
        $contexts = [];
        $courses = array_map('intval', $params['courses'] ?? []);
        if (!$courses) {
            throw new failure('bad_request', "'courses' must be a list of ids");
        }
        foreach ($courses as $course) {
            $context = context_course::instance($course, IGNORE_MISSING);
            $contexts = array_merge($contexts, $context ? deletion::below($context) : []);
        }
        $users = $this->users(implode(', ', $courses), implode(', ', $contexts ?: [0]), (int) ($params['after'] ?? 0), $limit + 1);
        $next = null;
        if (count($users) > $limit) {
            array_pop($users);
            $next = (int) end($users)->id;
        }
        $hosts = $DB->get_records_menu('mnet_host', null, '', 'id, wwwroot');
        return [
            'users' => array_values(array_map(fn(stdClass $user): array => [
                'id' => (int) $user->id,
                'username' => $user->username,
                'email' => $user->email,
                'idnumber' => $user->idnumber,
                'firstaccess' => (int) $user->firstaccess,
                'deleted' => (bool) $user->deleted,
                'mnethost' => $user->mnethostid == $CFG->mnet_localhost_id ? '' : ($hosts[$user->mnethostid] ?? '?'),
            ], $users)),
            'next' => $next,
        ];
    }

    /**
     * The accounts.
     *
     * @param string $courses Numbers, for a query.
     * @param string $contexts Numbers, for a query.
     * @param int $after
     * @param int $limit
     * @return stdClass[]
     */
    private function users(string $courses, string $contexts, int $after, int $limit): array {
        global $DB;
        $queries = [
            "SELECT ue.userid FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid IN ($courses)",
            "SELECT ra.userid FROM {role_assignments} ra WHERE ra.contextid IN ($contexts)",
            "SELECT f.userid FROM {files} f WHERE f.contextid IN ($contexts) AND f.userid IS NOT NULL",
            "SELECT gg.userid FROM {grade_grades} gg JOIN {grade_items} gi ON gi.id = gg.itemid WHERE gi.courseid IN ($courses)",
            "SELECT gm.userid FROM {groups_members} gm JOIN {groups} g ON g.id = gm.groupid WHERE g.courseid IN ($courses)",
            "SELECT cmc.userid FROM {course_modules_completion} cmc JOIN {course_modules} cm ON cm.id = cmc.coursemoduleid
              WHERE cm.course IN ($courses)",
            "SELECT la.userid FROM {user_lastaccess} la WHERE la.courseid IN ($courses)",
        ];
        $more = [
            'logstore_standard_log' => "SELECT l.userid FROM {logstore_standard_log} l WHERE l.courseid IN ($courses)",
            'forum_posts' => "SELECT p.userid FROM {forum_posts} p JOIN {forum_discussions} d ON d.id = p.discussion
                               WHERE d.course IN ($courses)",
            'assign_submission' => "SELECT s.userid FROM {assign_submission} s JOIN {assign} a ON a.id = s.assignment
                                     WHERE a.course IN ($courses)",
            'quiz_attempts' => "SELECT t.userid FROM {quiz_attempts} t JOIN {quiz} q ON q.id = t.quiz WHERE q.course IN ($courses)",
        ];
        foreach ($more as $table => $sql) {
            if ($DB->get_manager()->table_exists($table)) {
                $queries[] = $sql;
            }
        }
        return $DB->get_records_sql('SELECT u.id, u.username, u.email, u.idnumber, u.firstaccess, u.deleted, u.mnethostid FROM {user} u
                                      WHERE u.id > ? AND u.id IN (' . implode(' UNION ', $queries) . ') ORDER BY u.id',
            [$after], 0, $limit);
    }
};
