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

use provost\operation;
use provost\rows;
use provost\task;

/**
 * The filters of a site: whether they are on, off but available to courses, or disabled, and whether they apply to headings, too.
 *
 * Answer: see rows.php, in the order in which they are applied. Nothing is changed.
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
        global $CFG;
        require_once("$CFG->libdir/filterlib.php");
        require_once(__DIR__ . '/../rows.php');
        $rows = new rows(['filter', 'state', 'headings']);
        $states = filter_get_global_states();
        $strings = filter_get_string_filters();
        foreach (array_keys($states + filter_get_all_installed()) as $filter) {
            $state = match ((int) ($states[$filter]->active ?? TEXTFILTER_DISABLED)) {
                TEXTFILTER_ON => 'on',
                TEXTFILTER_OFF => 'off',
                default => 'disabled',
            };
            $rows->add($filter, $state, in_array($filter, $strings, true));
        }
        return $rows->answer();
    }
};
