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
 * Courses that fit a rule. Nothing is changed.
 *
 * Parameters: rule (see courses.php). Answer: see rows.php; times are UTC.
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
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../courses.php');
        $rows = new rows(['id', 'shortname', 'fullname', 'category', 'visible', 'people', 'last_used']);
        $paths = courses::paths();
        foreach (courses::chosen($params['rule'] ?? []) as $one) {
            $used = $one->used ? gmdate('Y-m-d\TH:i:s\Z', $one->used) : null;
            $rows->add($one->id, $one->shortname, $one->fullname, $paths[$one->category] ?? null, (bool) $one->visible, $one->people, $used);
        }
        return $rows->answer();
    }
};
