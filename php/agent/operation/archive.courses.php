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

use provost\archive\counts;
use provost\archive\left_behind;
use provost\archive\questions_elsewhere;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Facts of courses, page by page, in the order of their ids.
 *
 * Parameters: ids (empty for all), after, limit, detail ("selection", "counts", "contents"). Answer: courses (CourseFacts in
 * crates/provost-archive/src/course), next (where the next page begins, or null).
 */
return new class implements operation {

    /** @var int How many at most: the queries name each. */
    private const PAGE = 1000;

    /** @var int How long an answer gets, in bytes: a frame has 8 MiB, and a course's custom fields may be long. */
    private const BYTES = 4 << 20;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../archive/library.php');
        $detail = $params['detail'] ?? 'counts';
        if (!in_array($detail, ['selection', 'counts', 'contents'], true)) {
            throw new failure('bad_request', "'detail' must be selection, counts or contents");
        }
        $limit = min((int) ($params['limit'] ?? 0) ?: self::PAGE, self::PAGE);
        [$where, $values] = ['category <> 0 AND id > :after', ['after' => (int) ($params['after'] ?? 0)]];
        if (!empty($params['ids'])) {
            [$in, $ids] = $DB->get_in_or_equal(array_map('intval', $params['ids']), SQL_PARAMS_NAMED);
            [$where, $values] = ["$where AND id $in", $values + $ids];
        }
        $rows = $DB->get_records_select('course', $where, $values, 'id', '*', 0, $limit + 1);
        $next = null;
        if (count($rows) > $limit) {
            array_pop($rows);
            $next = (int) array_key_last($rows);
        }
        if (!$rows) {
            return ['courses' => [], 'next' => null];
        }
        $facts = $this->selection($rows);
        if ($detail !== 'selection') {
            $this->count($facts, $detail === 'contents');
        }
        return $this->page(array_values($facts), $next);
    }

    /**
     * As much of a page as an answer has room for.
     *
     * @param array[] $facts
     * @param int|null $next
     * @return array
     */
    private function page(array $facts, ?int $next): array {
        $bytes = 0;
        foreach ($facts as $number => $one) {
            $bytes += strlen(json_encode($one, JSON_INVALID_UTF8_SUBSTITUTE));
            if ($bytes > self::BYTES && $number > 0) {
                return ['courses' => array_slice($facts, 0, $number), 'next' => $facts[$number - 1]['id']];
            }
        }
        return ['courses' => $facts, 'next' => $next];
    }

    /**
     * What a selection needs.
     *
     * @param stdClass[] $rows
     * @return array[] By course.
     */
    private function selection(array $rows): array {
        global $DB;
        $counts = new counts(array_keys($rows));
        $paths = $this->paths();
        $access = $counts->numbers('SELECT courseid, MAX(timeaccess) FROM {user_lastaccess} WHERE courseid IN ({in}) GROUP BY courseid');
        $now = time();
        // In force: the method and the enrolment are on, and it has begun or will, and has not ended.
        $active = $counts->numbers("SELECT e.courseid, COUNT(1) FROM {enrol} e JOIN {user_enrolments} ue ON ue.enrolid = e.id
                                     WHERE e.courseid IN ({in}) AND e.status = 0 AND ue.status = 0 AND (ue.timeend = 0 OR ue.timeend > $now)
                                  GROUP BY e.courseid");
        $users = $counts->numbers('SELECT e.courseid, COUNT(DISTINCT ue.userid) FROM {enrol} e JOIN {user_enrolments} ue ON ue.enrolid = e.id
                                    WHERE e.courseid IN ({in}) GROUP BY e.courseid');
        $tags = $counts->words("SELECT ti.itemid AS course, t.rawname AS word, 1 AS number FROM {tag_instance} ti
                                  JOIN {tag} t ON t.id = ti.tagid
                                 WHERE ti.itemtype = 'course' AND ti.component = 'core' AND ti.itemid IN ({in})");
        $facts = [];
        foreach ($rows as $row) {
            $facts[$row->id] = [
                'id' => (int) $row->id,
                'shortname' => $row->shortname,
                'fullname' => $row->fullname,
                'idnumber' => (string) $row->idnumber,
                'category' => $paths[$row->category] ?? [],
                'visible' => (bool) $row->visible,
                'format' => $row->format,
                'created' => (int) $row->timecreated ?: null,
                'startdate' => (int) $row->startdate ?: null,
                'enddate' => (int) $row->enddate ?: null,
                'lastaccess' => ($access[$row->id] ?? 0) ?: null,
                'tags' => array_map('strval', array_keys($tags[$row->id] ?? [])),
                'customfields' => new stdClass(),
                'users' => $users[$row->id] ?? 0,
                'enrolments_ended' => empty($active[$row->id]),
            ];
        }
        return $this->with_customfields($facts);
    }

    /**
     * The categories from the top to each.
     *
     * @return array[]
     */
    private function paths(): array {
        global $DB;
        $categories = $DB->get_records('course_categories', null, '', 'id, name, path');
        return array_map(fn(stdClass $one): array => array_values(array_map(
            fn(string $id): array => ['id' => (int) $id, 'name' => $categories[$id]->name ?? ''],
            array_filter(explode('/', $one->path)))), $categories);
    }

    /**
     * Adds the values of custom fields, as people read them.
     *
     * @param array[] $facts
     * @return array[]
     */
    private function with_customfields(array $facts): array {
        $handler = \core_course\customfield\course_handler::create();
        if (!$handler->get_fields()) {
            return $facts;
        }
        foreach ($handler->get_instances_data(array_keys($facts), true) as $course => $fields) {
            $values = [];
            foreach ($fields as $data) {
                $value = $data->export_value();
                if ($value !== null && $value !== '') {
                    $values[$data->get_field()->get('shortname')] = html_to_text((string) $value, 0, false);
                }
            }
            $facts[$course]['customfields'] = (object) $values;
        }
        return $facts;
    }

    /**
     * Adds what is counted.
     *
     * @param array[] $facts
     * @param bool $look Whether contents are looked for.
     */
    private function count(array &$facts, bool $look): void {
        $counts = new counts(array_keys($facts));
        $contents = $counts->contents($look);
        $activities = $counts->words('SELECT cm.course, m.name AS word, COUNT(1) AS number FROM {course_modules} cm
                                        JOIN {modules} m ON m.id = cm.module
                                       WHERE cm.course IN ({in}) AND cm.deletioninprogress = 0 GROUP BY cm.course, m.name');
        $roles = $counts->words('SELECT ctx.course, r.shortname AS word, COUNT(1) AS number FROM {contexts} ctx
                                   JOIN {role_assignments} ra ON ra.contextid = ctx.id JOIN {role} r ON r.id = ra.roleid
                               GROUP BY ctx.course, r.shortname');
        $overrides = $counts->words('SELECT ctx.course, r.shortname AS word, COUNT(1) AS number FROM {contexts} ctx
                                       JOIN {role_capabilities} rc ON rc.contextid = ctx.id JOIN {role} r ON r.id = rc.roleid
                                   GROUP BY ctx.course, r.shortname');
        $components = $counts->components();
        $numbers = $this->numbers($counts);
        $leftbehind = left_behind::of($counts);
        foreach ($facts as $id => &$one) {
            [$one['files'], $one['bytes'], $one['missing']] = $contents[$id] ?? [0, 0, 0];
            $one['activities'] = (object) ($activities[$id] ?? []);
            $one['left_out'] = (object) array_filter($activities[$id] ?? [],
                fn(string $name): bool => !plugin_supports('mod', $name, FEATURE_BACKUP_MOODLE2), ARRAY_FILTER_USE_KEY);
            $made = array_map(fn(string $name): string => "mod_$name", array_keys($activities[$id] ?? []));
            $made = array_merge($made, array_keys($components[$id] ?? []), ["format_$one[format]"]);
            $one['components'] = array_values(array_unique($made));
            $one['roles'] = array_keys(($roles[$id] ?? []) + ($overrides[$id] ?? []));
            $one['left_behind'] = (object) ($leftbehind[$id] ?? []);
            foreach ($numbers as $name => $values) {
                $one[$name] = $values[$id] ?? 0;
            }
        }
    }

    /**
     * Numbers by their names.
     *
     * @param counts $counts
     * @return int[][]
     */
    private function numbers(counts $counts): array {
        $queries = [
            'logs' => 'SELECT courseid, COUNT(1) FROM {logstore_standard_log} WHERE courseid IN ({in}) GROUP BY courseid',
            'attempts' => 'SELECT q.course, COUNT(1) FROM {quiz} q JOIN {quiz_attempts} a ON a.quiz = q.id
                            WHERE q.course IN ({in}) AND a.preview = 0 GROUP BY q.course',
            'submissions' => "SELECT a.course, COUNT(1) FROM {assign} a JOIN {assign_submission} s ON s.assignment = a.id
                               WHERE a.course IN ({in}) AND s.status <> 'new' GROUP BY a.course",
            'posts' => 'SELECT d.course, COUNT(1) FROM {forum_discussions} d JOIN {forum_posts} p ON p.discussion = d.id
                         WHERE d.course IN ({in}) GROUP BY d.course',
            'aliases' => "SELECT ctx.course, COUNT(1) FROM {contexts} ctx JOIN {files} f ON f.contextid = ctx.id
                           WHERE f.referencefileid IS NOT NULL AND f.component <> 'backup' GROUP BY ctx.course",
            'foreign_questions' => 'SELECT ctx.course, COUNT(DISTINCT e.id) FROM {contexts} ctx
                                      JOIN {question_references} r ON r.usingcontextid = ctx.id
                                      JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
                                      JOIN {question_categories} c ON c.id = e.questioncategoryid
                                 LEFT JOIN {contexts} own ON own.id = c.contextid AND own.course = ctx.course
                                     WHERE own.id IS NULL GROUP BY ctx.course',
        ];
        return array_map([$counts, 'numbers'], $queries) + ['questions_elsewhere' => questions_elsewhere::numbers($counts)];
    }
};
