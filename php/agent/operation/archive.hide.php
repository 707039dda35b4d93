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

use provost\archive\expected;
use provost\archive\marks;
use provost\archive\quiet;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Hides a course, or shows one again that was hidden here and could be seen before.
 *
 * Parameters: expected (course, shortname, timecreated), unit, hidden. Answer: visible, was_visible.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once(__DIR__ . '/../archive/library.php');
        require_once("$CFG->dirroot/course/lib.php");
        quiet::begin(true);
        $unit = marks::unit($params);
        $course = expected::there($params);
        $hidden = (bool) ($params['hidden'] ?? false);
        $mark = marks::read(marks::HIDDEN . $unit);
        if ($mark !== null && $mark['course'] !== (int) $course->id) {
            throw new failure('other_course', "The unit '$unit' has hidden another course here");
        }
        $was = $mark['visible'] ?? (bool) $course->visible;
        if ($hidden && $mark === null) {
            // Before the course is touched: whoever comes after a kill would take it for hidden from the beginning.
            marks::write(marks::HIDDEN . $unit, ['course' => (int) $course->id, 'visible' => $was]);
        }
        $shall = !$hidden && $was;
        if ((bool) $course->visible !== $shall && ($hidden || $mark !== null)) {
            course_change_visibility($course->id, $shall);
            $task->effect('course ' . $course->id . ($shall ? ' shown' : ' hidden'));
        }
        $visible = (bool) $DB->get_field('course', 'visible', ['id' => $course->id], MUST_EXIST);
        if ($visible !== $shall && ($hidden || $mark !== null)) {
            throw new failure('read_back', "The visibility of the course $course->id was changed, and is not");
        }
        if (!$hidden) {
            marks::write(marks::HIDDEN . $unit, null);
        }
        quiet::flush();
        return ['visible' => $visible, 'was_visible' => $was];
    }
};
