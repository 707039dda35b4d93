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
 * Makes an account an administrator of the site, or takes that away. There is always one left.
 *
 * Parameters: user (a user name), admin (true or false), dry (whether nothing is changed). Answer: see rows.php.
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
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../people.php');
        $user = people::find($params['user'] ?? null);
        $wanted = $params['admin'] ?? null;
        if (!is_bool($wanted)) {
            throw new failure('bad_request', "'admin' must be true or false");
        }
        if (isguestuser($user) || $user->suspended) {
            throw new failure('refused', "'$user->username' is the guest or suspended, and can be no administrator");
        }
        $before = array_map('intval', array_filter(explode(',', (string) $CFG->siteadmins)));
        $id = (int) $user->id;
        $rows = new rows(['user', 'was', 'is']);
        if (in_array($id, $before, true) === $wanted) {
            return $rows->answer();
        }
        $after = $wanted ? [...$before, $id] : array_values(array_diff($before, [$id]));
        [$in, $ids] = $DB->get_in_or_equal($after, SQL_PARAMS_QM, 'param', true, 0);
        if (!$DB->record_exists_select('user', "id $in AND deleted = 0 AND suspended = 0", $ids)) {
            throw new failure('refused', "'$user->username' is the last administrator");
        }
        $words = ['no administrator', 'an administrator'];
        if (empty($params['dry'])) {
            // As the page of administrators does.
            set_config('siteadmins', implode(',', $after));
            add_to_config_log('siteadmins', implode(',', $before), implode(',', $after), 'core');
            $task->effect("$user->username is {$words[(int) $wanted]}");
        }
        $rows->change($user->username, $words[(int) !$wanted], $words[(int) $wanted]);
        return $rows->answer();
    }
};
