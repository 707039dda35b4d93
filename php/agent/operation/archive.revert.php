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

use provost\archive\marks;
use provost\archive\moved;
use provost\archive\quiet;
use provost\operation;
use provost\task;

/**
 * Makes a course what it was before a session moved it within its site.
 *
 * Parameters: unit, forget (whether nothing is put back any more, and only the note of what it was goes). Answer: reverted (whether there was
 * anything to put back), kept (what stays as it is, in words).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once(__DIR__ . '/../archive/library.php');
        require_once("$CFG->dirroot/course/lib.php");
        require_once("$CFG->libdir/enrollib.php");
        quiet::begin();
        $unit = marks::unit($params);
        $lock = marks::lock($unit);
        try {
            $kept = empty($params['forget']) ? moved::revert($unit) : moved::forget($unit);
        } finally {
            $lock->release();
        }
        if ($kept !== null) {
            $task->effect('the course was put back');
        }
        return ['reverted' => $kept !== null, 'kept' => $kept ?? []];
    }
};
