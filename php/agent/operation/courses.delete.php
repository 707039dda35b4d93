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
 * Deletes courses that fit a rule.
 *
 * Parameters: rule (see courses.php), dry (whether nothing is deleted). Answer: see rows.php.
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
        global $DB;
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../courses.php');
        $chosen = courses::chosen($params['rule'] ?? []);
        $paths = courses::paths();
        $rows = new rows(['id', 'shortname', 'fullname', 'category', 'people', 'last_used']);
        foreach (array_values($chosen) as $number => $one) {
            $used = $one->used ? gmdate('Y-m-d\TH:i:s\Z', $one->used) : null;
            $rows->change($one->id, $one->shortname, $one->fullname, $paths[$one->category] ?? null, $one->people, $used);
            if (!empty($params['dry'])) {
                continue;
            }
            $task->progress($number, count($chosen), $one->shortname);
            if (!delete_course($one->id, false) || $DB->record_exists('course', ['id' => $one->id])) {
                throw new failure('read_back', "The course '$one->shortname' was deleted, and is still there");
            }
            $task->effect("course $one->id");
        }
        if ($chosen && empty($params['dry'])) {
            fix_course_sortorder();
        }
        return $rows->answer();
    }
};
