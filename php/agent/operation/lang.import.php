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

use provost\failure;
use provost\languages;
use provost\operation;
use provost\task;

/**
 * Brings the changed strings of a file that Moodle's page of customisations exported.
 *
 * Parameters: language (a code), file (that this site can read), name (what it is called), dry (whether nothing is changed). Answer: see rows.php. What the
 * site does not know is told, and left out.
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
        $language = languages::installed($params['language'] ?? null);
        $file = (string) ($params['file'] ?? '');
        if (!is_readable($file)) {
            throw new failure('no_such', 'The file cannot be read');
        }
        $strings = languages::of_file($file, (string) ($params['name'] ?? ''));
        return languages::bring($language, $strings, false, !empty($params['dry']), $task);
    }
};
