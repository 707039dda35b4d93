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
 * Suspends an account and ends its sessions, or lets it in again.
 *
 * Parameters: user (a user name), suspended (true or false), dry (whether nothing is changed). Answer: see rows.php.
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
        $suspended = $params['suspended'] ?? null;
        if (!is_bool($suspended)) {
            throw new failure('bad_request', "'suspended' must be true or false");
        }
        $user = people::find($params['user'] ?? null);
        if (is_siteadmin($user) || isguestuser($user)) {
            throw new failure('refused', "'$user->username' is an administrator or the guest, who cannot be suspended");
        }
        $rows = new rows(['user', 'was', 'is']);
        $word = fn(bool $suspended): string => $suspended ? 'suspended' : 'active';
        if ((bool) $user->suspended === $suspended) {
            return $rows->answer();
        }
        $rows->change($user->username, $word(!$suspended), $word($suspended));
        if (empty($params['dry'])) {
            if ($suspended) {
                people::end_sessions((int) $user->id);
            }
            user_update_user((object) ['id' => $user->id, 'suspended' => (int) $suspended], false);
            $task->effect("$user->username is {$word($suspended)}");
            if ((bool) $DB->get_field('user', 'suspended', ['id' => $user->id]) !== $suspended) {
                throw new failure('read_back', "'$user->username' was to be {$word($suspended)}, and is not");
            }
        }
        return $rows->answer();
    }
};
