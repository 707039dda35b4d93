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
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Finds the category of a path, and makes what is missing of it.
 *
 * Parameters: path (a list of maps: name; for one that is made idnumber, description, visible), make. Answer: category (its id, or null),
 * made (ids).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        $path = $params['path'] ?? null;
        if (!is_array($path) || !$path) {
            throw new failure('bad_request', "'path' must be a list of categories");
        }
        // Two units of one session would make one category each.
        $lock = $params['make'] ? places::categories() : null;
        try {
            [$parent, $made] = [0, []];
            foreach ($path as $step) {
                $found = $this->find($parent, $step);
                if ($found === null && !$params['make']) {
                    return ['category' => null, 'made' => []];
                }
                if ($found === null) {
                    $made[] = $found = $this->make($parent, $step);
                    $task->effect("category $found");
                }
                $parent = $found;
            }
        } finally {
            $lock?->release();
            quiet::flush();
        }
        return ['category' => $parent, 'made' => $made];
    }

    /**
     * The category of a name below another.
     *
     * @param int $parent
     * @param array $step
     * @return int|null
     */
    private function find(int $parent, array $step): ?int {
        global $DB;
        $name = $step['name'] ?? null;
        if (!is_string($name) || trim($name) === '') {
            throw new failure('bad_request', 'A category needs a name');
        }
        $rows = $DB->get_records_select_menu('course_categories', 'parent = ? AND ' . $DB->sql_compare_text('name', 255) . ' = ?',
            [$parent, $name], 'sortorder, id', 'id, id AS same');
        return $rows ? (int) reset($rows) : null;
    }

    /**
     * Makes a category.
     *
     * @param int $parent
     * @param array $step
     * @return int
     */
    private function make(int $parent, array $step): int {
        global $DB;
        $data = [
            'parent' => $parent,
            'name' => $step['name'],
            'description' => $step['description'] ?? '',
            'descriptionformat' => FORMAT_HTML,
            'visible' => (int) ($step['visible'] ?? true),
        ];
        if (($step['idnumber'] ?? '') !== '' && !$DB->record_exists('course_categories', ['idnumber' => $step['idnumber']])) {
            $data['idnumber'] = $step['idnumber'];
        }
        $id = (int) core_course_category::create((object) $data)->id;
        if ($this->find($parent, $step) !== $id) {
            throw new failure('read_back', "The category '{$step['name']}' was made, and is not there");
        }
        return $id;
    }
};
