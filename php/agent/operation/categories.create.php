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
 * Makes a category, with those above it that are missing.
 *
 * Parameters: path ("Science / Physics"), idnumber and visible (of the last one), dry (whether nothing is made). Answer: see rows.php. What is
 * there stays as it is.
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
        $parts = courses::parts($params['path'] ?? null);
        $idnumber = (string) ($params['idnumber'] ?? '');
        $rows = new rows(['category', 'was', 'is']);
        [$parent, $path] = [0, ''];
        foreach ($parts as $at => $name) {
            $path .= ($at ? ' / ' : '') . $name;
            $last = $at === count($parts) - 1;
            $there = $parent === null ? [] : array_keys($DB->get_records_select('course_categories',
                'parent = ? AND ' . $DB->sql_compare_text('name', 255) . ' = ?', [$parent, $name], 'sortorder', 'id'));
            if (count($there) > 1) {
                throw new failure('no_such', "There are several categories '$path'");
            }
            if ($there) {
                $parent = (int) $there[0];
                continue;
            }
            $number = $last && $idnumber !== '' ? $idnumber : null;
            if ($number !== null && $DB->record_exists('course_categories', ['idnumber' => $number])) {
                throw new failure('there', "Another category has the number '$number'");
            }
            $rows->change($path, null, 'made');
            if (!empty($params['dry'])) {
                $parent = null;
                continue;
            }
            $data = ['name' => $name, 'parent' => $parent, 'visible' => (int) (!$last || ($params['visible'] ?? true))];
            $parent = (int) \core_course_category::create((object) ($data + ($number === null ? [] : ['idnumber' => $number])))->id;
            $task->effect("category $parent");
        }
        if ($rows->answer()['changes'] && empty($params['dry'])) {
            courses::category("#$parent");
        }
        return $rows->answer();
    }
};
