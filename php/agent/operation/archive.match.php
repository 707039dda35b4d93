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

use provost\archive\users;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Whom accounts of a source would become here.
 *
 * Parameters: users (a list of id, username, email, idnumber, firstaccess, deleted, main_admin, mnethost), policy, source_site. Answer:
 * matched, made (how many), special (a list of id, username, fate, target, target_username, why).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        $accounts = $params['users'] ?? null;
        if (!is_array($accounts) || !is_array($params['policy'] ?? null)) {
            throw new failure('bad_request', "'users' must be a list, and 'policy' a map");
        }
        $decided = (new users($params['policy'], (string) ($params['source_site'] ?? '')))->decide($accounts);
        $answer = ['matched' => 0, 'made' => 0, 'special' => []];
        foreach ($accounts as $account) {
            $one = $decided[$account['id']];
            $plain = $one['username'] === $account['username'] && in_array($one['fate'], ['matched', 'made'], true)
                && $one['why'] === null;
            if ($plain) {
                $answer[$one['fate']]++;
            } else {
                $answer['special'][] = [
                    'id' => $account['id'],
                    'username' => $account['username'],
                    'fate' => $one['fate'],
                    'target' => $one['target'],
                    'target_username' => $one['username'],
                    'why' => $one['why'],
                ];
            }
        }
        return $answer;
    }
};
