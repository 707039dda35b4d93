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
use provost\failure;
use provost\operation;
use provost\people;
use provost\rows;
use provost\task;

/**
 * Gives an account a role, or takes it away: in the whole site or in a category. In a course, somebody with a role has to be enrolled: see
 * users.enrol.
 *
 * Parameters: user (a user name), role (a short name), category (see courses.php, or null for the whole site), assigned (true or false), dry
 * (whether nothing is changed). Answer: see rows.php.
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
        require_once(__DIR__ . '/../courses.php');
        $user = people::find($params['user'] ?? null);
        $role = people::role($params['role'] ?? null);
        $wanted = $params['assigned'] ?? null;
        if (!is_bool($wanted)) {
            throw new failure('bad_request', "'assigned' must be true or false");
        }
        $category = $params['category'] ?? null;
        $context = $category === null ? \context_system::instance() : courses::category($category)->get_context();
        if ($wanted && !in_array($context->contextlevel, get_role_contextlevels($role->id))) {
            throw new failure('refused', "The role '$role->shortname' cannot be assigned there: its definition does not have this level");
        }
        $given = ['roleid' => $role->id, 'userid' => $user->id, 'contextid' => $context->id, 'component' => ''];
        $rows = new rows(['user', 'role', 'where', 'is']);
        if ($DB->record_exists('role_assignments', $given) === $wanted) {
            return $rows->answer();
        }
        if (empty($params['dry'])) {
            $wanted ? role_assign($role->id, $user->id, $context->id) : role_unassign($role->id, $user->id, $context->id);
            $task->effect("$user->username: $role->shortname");
            if ($DB->record_exists('role_assignments', $given) !== $wanted) {
                throw new failure('read_back', "The role '$role->shortname' of '$user->username' is not as it was to be");
            }
        }
        $rows->change($user->username, $role->shortname, $context->get_context_name(false), $wanted ? 'assigned' : 'taken away');
        return $rows->answer();
    }
};
