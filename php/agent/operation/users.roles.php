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
 * The roles that an account has, and where.
 *
 * Parameters: user (a user name). Answer: see rows.php.
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
        require_once(__DIR__ . '/../people.php');
        $user = people::find($params['user'] ?? null);
        $rows = new rows(['role', 'where', 'from']);
        if (is_siteadmin($user)) {
            $rows->add('(administrator)', 'the site', null);
        }
        $given = $DB->get_records_sql('SELECT a.id, r.shortname, a.contextid, a.component
                                         FROM {role_assignments} a
                                         JOIN {role} r ON r.id = a.roleid
                                        WHERE a.userid = ?
                                     ORDER BY a.contextid, r.sortorder', [$user->id]);
        foreach ($given as $one) {
            $context = \context::instance_by_id($one->contextid, IGNORE_MISSING);
            $rows->add($one->shortname, $context ? $context->get_context_name(true, true) : null, $one->component ?: null);
        }
        return $rows->answer();
    }
};
