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
use provost\operation;
use provost\people;
use provost\rows;
use provost\task;

/**
 * Deletes the accounts that fit a rule, as the page of accounts does: what they wrote stays. Administrators are never deleted.
 *
 * Parameters: rule (see people.php), dry (whether nothing is deleted). Answer: see rows.php.
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
        global $CFG, $DB;
        require_once("$CFG->dirroot/user/lib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../people.php');
        $rows = new rows(['user', 'name', 'auth', 'last here', 'is']);
        $chosen = array_filter(people::chosen((array) ($params['rule'] ?? [])), fn(\stdClass $user): bool => !is_siteadmin($user));
        foreach (array_values($chosen) as $number => $user) {
            if (empty($params['dry'])) {
                $task->progress($number, count($chosen), $user->username);
                $whole = $DB->get_record('user', ['id' => $user->id, 'deleted' => 0]);
                if ($whole && !user_delete_user($whole)) {
                    throw new failure('refused', "'$user->username' could not be deleted");
                }
                $task->effect("account $user->id");
                if (!$DB->get_field('user', 'deleted', ['id' => $user->id])) {
                    throw new failure('read_back', "'$user->username' was deleted, and is there still");
                }
            }
            $rows->change($user->username, "$user->firstname $user->lastname", $user->auth, people::day($user->lastaccess), 'deleted');
        }
        return $rows->answer();
    }
};
