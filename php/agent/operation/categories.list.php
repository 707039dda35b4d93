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
use provost\operation;
use provost\rows;
use provost\task;

/**
 * The categories of courses. Nothing is changed.
 *
 * Answer: see rows.php.
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
        $rows = new rows(['id', 'category', 'idnumber', 'visible', 'courses']);
        $all = $DB->get_records('course_categories', null, 'sortorder', 'id, idnumber, visible, coursecount');
        $paths = courses::paths();
        foreach ($all as $one) {
            $rows->add($one->id, $paths[$one->id] ?? '', $one->idnumber, (bool) $one->visible, $one->coursecount);
        }
        return $rows->answer();
    }
};
