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
use provost\task;

/**
 * Changes strings of a language, or takes changes away, as the page of customisations does.
 *
 * Parameters: language (a code), strings (a list of maps: component, string, text, which is null to take a change away), dry (whether nothing is
 * changed). Answer: see rows.php. What the site does not know is told, and left out.
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
        $strings = [];
        foreach ((array) ($params['strings'] ?? []) as $one) {
            $strings[] = [$one['component'] ?? '', $one['string'] ?? '', $one['text'] ?? null];
        }
        $language = languages::installed($params['language'] ?? null);
        return languages::bring($language, $strings, !empty($params['strict']), !empty($params['dry']), $task);
    }
};
