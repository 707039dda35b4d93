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

use provost\archive\deletion;
use provost\archive\expected;
use provost\archive\marks;
use provost\archive\quiet;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Deletes a course for good, without the recycle bin.
 *
 * Parameters: expected (course, shortname, timecreated), unit, must_be_hidden. Answer: already, freed_bytes.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        quiet::begin(true);
        $unit = marks::unit($params);
        $lock = marks::lock("delete_$unit");
        try {
            $course = expected::course($params);
            $freed = 0;
            if ($course) {
                if (!empty($params['must_be_hidden']) && $course->visible) {
                    throw new failure('not_hidden', "Somebody has shown the course $course->id again since it was hidden: it is not deleted");
                }
                $freed = deletion::course($course);
                $task->effect("course $course->id deleted");
            }
            quiet::flush();
            quiet::without_waiting(false);
            marks::write(marks::HIDDEN . $unit, null);
        } finally {
            $lock->release();
        }
        return ['already' => $course === null, 'freed_bytes' => $freed];
    }
};
