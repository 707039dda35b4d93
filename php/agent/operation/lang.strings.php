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
 * Strings that were changed at this site.
 *
 * Parameters: language (a code, or null for all). Answer: see rows.php.
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
        require_once(__DIR__ . '/../languages.php');
        $rows = new rows(['language', 'component', 'string', 'text']);
        $language = $params['language'] ?? null;
        $all = $language === null ? array_keys(get_string_manager()->get_list_of_translations(true)) : [languages::installed($language)];
        foreach ($all as $one) {
            foreach (languages::changed($one) as $component => $texts) {
                foreach ($texts as $id => $text) {
                    $rows->add($one, $component, $id, $text);
                }
            }
        }
        return $rows->answer();
    }
};
