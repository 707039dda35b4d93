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
use provost\archive\questions_elsewhere;
use provost\archive\quiet;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Deletes a course for good, without the recycle bin.
 *
 * Core deletes in many steps, and what a killed process leaves is no course any more that could be compared with its copy. So that a
 * deletion was begun is noted before its first step. Whoever asks with "resume" goes on with one that was begun, and begins none.
 *
 * Parameters: expected (course, shortname, timecreated), unit, must_be_hidden, resume. Answer: already (whether the course was gone), begun
 * (whether there was something to resume), freed_bytes.
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
            $id = (int) ($params['expected']['course'] ?? 0);
            $begun = (marks::read(marks::DELETING . $unit)['course'] ?? null) === $id;
            if (!empty($params['resume']) && !$begun) {
                return ['already' => false, 'begun' => false, 'freed_bytes' => 0];
            }
            $course = $begun ? deletion::there($id) : expected::course($params);
            $freed = 0;
            if ($course) {
                // Also of one that was begun: core does not show what it deletes, so that a person has.
                if (!empty($params['must_be_hidden']) && $course->visible) {
                    throw new failure('not_hidden', "Somebody has shown the course $course->id again since it was hidden: it is not deleted");
                }
                if (!$begun) {
                    $this->see_that_nobody_else_needs_it($id);
                }
                quiet::without_waiting(false);
                marks::write(marks::DELETING . $unit, ['course' => $id]);
                quiet::without_waiting(true);
                $freed = deletion::course($course);
                $task->effect("course $course->id deleted");
            } else if ($begun) {
                deletion::leftovers($id);
            }
            quiet::flush();
            quiet::without_waiting(false);
            marks::write(marks::HIDDEN . $unit, null);
            marks::write(marks::DELETING . $unit, null);
        } finally {
            $lock->release();
        }
        return ['already' => $course === null, 'begun' => $begun, 'freed_bytes' => $freed];
    }

    /**
     * Refuses where other courses draw questions from this one's banks.
     *
     * @param int $course
     */
    private function see_that_nobody_else_needs_it(int $course): void {
        $users = questions_elsewhere::of($course);
        if ($users) {
            $some = implode('; ', array_slice($users, 0, 5)) . (count($users) > 5 ? '; and ' . (count($users) - 5) . ' more' : '');
            throw new failure('questions_used', "Questions of the course $course are used elsewhere, and would be missing there: $some");
        }
    }
};
