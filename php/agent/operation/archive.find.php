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

use provost\archive\marks;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * The courses that carry marks of units.
 *
 * Parameters: units (names; empty for all), after (a name), limit. Answer: marked (a list: unit, course or null, state, shortname, visible,
 * category, source_site, source_course, at), next (where the next page begins, or null).
 */
return new class implements operation {

    /** @var int How many are told at once where nobody says. */
    private const PAGE = 5000;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../archive/library.php');
        $limit = min((int) ($params['limit'] ?? 0) ?: self::PAGE, self::PAGE);
        $names = $this->names($params, $limit);
        $next = count($names) > $limit ? substr($names[$limit - 1], strlen(marks::RESTORED)) : null;
        $marked = [];
        foreach (array_chunk(array_slice($names, 0, $limit), 500) as $chunk) {
            $found = array_filter(array_combine($chunk, array_map([marks::class, 'read'], $chunk)));
            $ids = array_filter(array_column($found, 'course'));
            $courses = $ids ? $DB->get_records_list('course', 'id', $ids, '', 'id, shortname, visible, category') : [];
            foreach ($found as $name => $mark) {
                $course = $courses[$mark['course'] ?? 0] ?? null;
                $marked[] = [
                    'unit' => substr($name, strlen(marks::RESTORED)),
                    'course' => $course ? (int) $course->id : null,
                    'state' => $mark['state'],
                    'shortname' => $course?->shortname,
                    'visible' => (bool) $course?->visible,
                    'category' => $course ? (int) $course->category : null,
                    'source_site' => (string) ($mark['site'] ?? ''),
                    'source_course' => (int) ($mark['source'] ?? 0),
                    'at' => $mark['at'] ?? null,
                ];
            }
        }
        return ['marked' => $marked, 'next' => $next];
    }

    /**
     * The keys of the marks that are asked for.
     *
     * @param array $params
     * @param int $limit
     * @return string[] One more than the limit where there are more.
     */
    private function names(array $params, int $limit): array {
        global $DB;
        $units = $params['units'] ?? [];
        if ($units) {
            return array_map(fn($unit): string => marks::RESTORED . marks::unit(['unit' => $unit]), array_values($units));
        }
        $like = $DB->sql_like('name', ':like');
        $rows = $DB->get_records_select_menu('config_plugins', "plugin = :plugin AND $like AND name > :after",
            [
                'plugin' => marks::PLUGIN,
                'like' => $DB->sql_like_escape(marks::RESTORED) . '%',
                'after' => marks::RESTORED . ($params['after'] ?? ''),
            ], 'name', 'id, name', 0, $limit + 1);
        return array_values($rows);
    }
};
