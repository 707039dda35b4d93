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
use provost\roles;
use provost\task;

/**
 * The definitions of all roles, and what the site knows that a definition may name. Nothing is changed.
 *
 * Answer: release, roles (a list of definitions, see roles.php), capabilities and contextlevels (lists of names).
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
        require_once(__DIR__ . '/../roles.php');
        return [
            'release' => (string) $DB->get_field('config', 'value', ['name' => 'release']),
            'roles' => roles::all(),
            'capabilities' => roles::capabilities(),
            'contextlevels' => array_map('strval', array_keys(roles::levels())),
        ];
    }
};
