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
use provost\archive\marks;
use provost\archive\quiet;
use provost\operation;
use provost\task;

/**
 * Takes a unit's course away again, whole or half, and its mark with it.
 *
 * Accounts that came with it stay: Moodle keeps what is left of a deleted account, and the next restore would take that for the person.
 *
 * Parameters: unit, empty_trash (whether core's task that empties the trash of files runs now). Answer: course (its id, or null).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../archive/library.php');
        quiet::begin();
        $unit = marks::unit($params);
        $lock = marks::lock($unit);
        try {
            $mark = marks::read(marks::RESTORED . $unit);
            $course = empty($mark['course']) ? null : $DB->get_record('course', ['id' => $mark['course']]);
            $course = $course ?: $DB->get_record('course', ['shortname' => "provost:$unit"]);
            if ($course) {
                deletion::ours($course);
                $task->effect("course $course->id removed");
            }
            quiet::without_waiting(false);
            marks::write(marks::RESTORED . $unit, null);
        } finally {
            $lock->release();
        }
        if (!empty($params['empty_trash'])) {
            (new \core\task\file_trash_cleanup_task())->execute();
            get_file_storage()->get_file_system()->cron();
        }
        return ['course' => $course ? (int) $course->id : null];
    }
};
