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
use provost\people;
use provost\rows;
use provost\task;

/**
 * Definitions of roles, as core's page of a role exports them.
 *
 * Parameters: roles (short names). Answer: see rows.php; of each role its short name and the XML.
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
        require_once("$CFG->dirroot/$CFG->admin/roles/lib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../people.php');
        $rows = new rows(['role', 'xml']);
        foreach ((array) ($params['roles'] ?? []) as $shortname) {
            $role = people::role($shortname);
            $rows->add($role->shortname, \core_role_preset::get_export_xml((int) $role->id));
        }
        return $rows->answer();
    }
};
