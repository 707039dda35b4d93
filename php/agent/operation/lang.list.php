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

use provost\languages;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Language packs, and how many of their strings were changed at this site.
 *
 * Parameters: none. Answer: see rows.php.
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
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../languages.php');
        $rows = new rows(['language', 'name', 'default', 'offered', 'changed strings']);
        $offered = get_string_manager()->get_list_of_translations();
        foreach (get_string_manager()->get_list_of_translations(true) as $language => $name) {
            $changed = array_sum(array_map('count', languages::changed($language)));
            // A name has marks of the direction of writing around its code.
            $name = preg_replace('/[\x{200e}\x{200f}]/u', '', $name);
            $rows->add($language, $name, $language === $CFG->lang, isset($offered[$language]), $changed);
        }
        return $rows->answer();
    }
};
