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
 * Gives an account another password, unlocks it, and ends its sessions: what admin/cli/reset_password.php does.
 *
 * Parameters: user (a user name), password, dry (whether nothing is changed). Answer: see rows.php.
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
        require_once("$CFG->libdir/authlib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../people.php');
        $user = people::find($params['user'] ?? null);
        $password = (string) ($params['password'] ?? '');
        $auth = get_auth_plugin($user->auth);
        if (!$auth->is_internal() && !$auth->can_change_password()) {
            throw new failure('refused', "'$user->username' has its password elsewhere ($user->auth)");
        }
        $said = '';
        if (!check_password_policy($password, $said, $user)) {
            throw new failure('refused', 'the password does not follow the site\'s rules: ' . preg_replace('/\s+/', ' ', trim(html_to_text($said, 0, false))));
        }
        $rows = new rows(['user', 'was', 'is']);
        $rows->change($user->username, null, 'another password');
        if (empty($params['dry'])) {
            if (!$auth->user_update_password($user, $password)) {
                throw new failure('refused', "'$user->username' did not take the password");
            }
            $task->effect("password of $user->username");
            login_unlock_account($user);
            people::end_sessions((int) $user->id);
        }
        return $rows->answer();
    }
};
