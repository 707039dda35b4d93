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

use provost\archive\places;
use provost\archive\quiet;
use provost\operation;
use provost\task;

/**
 * Takes categories away that a session has made, where nothing is in them.
 *
 * Parameters: categories (ids, deepest first). Answer: gone, kept (ids).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../archive/library.php');
        [$gone, $kept] = [[], []];
        foreach ($params['categories'] ?? [] as $id) {
            $id = (int) $id;
            // No restore puts its course there between the look and the deletion, which would take that with it.
            $lock = places::categories();
            try {
                $there = $DB->record_exists('course_categories', ['id' => $id]);
                $used = $DB->record_exists('course', ['category' => $id]) || $DB->record_exists('course_categories', ['parent' => $id]);
                if ($there && !$used) {
                    core_course_category::get($id, MUST_EXIST, true)->delete_full(false);
                    $task->effect("category $id");
                    $there = $DB->record_exists('course_categories', ['id' => $id]);
                }
            } finally {
                $lock->release();
            }
            if ($there) {
                $kept[] = $id;
            } else {
                $gone[] = $id;
            }
        }
        quiet::flush();
        return ['gone' => $gone, 'kept' => $kept];
    }
};
