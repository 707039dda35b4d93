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
 * Which of some courses people take part in.
 *
 * Parameters: courses (ids), users (ids). Answer: courses (a map from a person's id to a list of ids, of whom there is any).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        $courses = array_map('intval', $params['courses'] ?? []);
        if (!$courses) {
            throw new failure('bad_request', "'courses' must be a list of ids");
        }
        return ['courses' => (object) (new taking_part($courses))->courses($params['users'] ?? [])];
    }
};
