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

use provost\archive\taking_part;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Who a backup of some courses would bring: whoever takes part in them. A backup may bring a few more; the restore decides about them by the
 * same rules.
 *
 * Parameters: courses (ids), after (an id), limit. Answer: users (a list: id, username, email, idnumber, firstaccess, deleted, main_admin,
 * mnethost), next (where the next page begins, or null).
 */
return new class implements operation {

    /** @var int How many at most. */
    private const PAGE = 20000;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once(__DIR__ . '/../archive/library.php');
        $limit = min((int) ($params['limit'] ?? 0) ?: self::PAGE, self::PAGE);
        $courses = array_map('intval', $params['courses'] ?? []);
        if (!$courses) {
            throw new failure('bad_request', "'courses' must be a list of ids");
        }
        $users = (new taking_part($courses))->accounts((int) ($params['after'] ?? 0), $limit + 1);
        $next = null;
        if (count($users) > $limit) {
            array_pop($users);
            $next = (int) end($users)->id;
        }
        $admin = (int) (get_admin()->id ?? 0);
        $hosts = $DB->get_records_menu('mnet_host', null, '', 'id, wwwroot');
        return [
            'users' => array_values(array_map(fn(stdClass $user): array => [
                'id' => (int) $user->id,
                'username' => $user->username,
                'email' => $user->email,
                'idnumber' => $user->idnumber,
                'firstaccess' => (int) $user->firstaccess,
                'deleted' => (bool) $user->deleted,
                'main_admin' => (int) $user->id === $admin,
                'mnethost' => $user->mnethostid == $CFG->mnet_localhost_id ? '' : ($hosts[$user->mnethostid] ?? '?'),
            ], $users)),
            'next' => $next,
        ];
    }
};
