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
use provost\archive\moved;
use provost\archive\quiet;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Moves a course to another category of its site.
 *
 * Parameters: expected (course, shortname, timecreated), category, unit and plan (what will be done with it there, as archive.finish takes it):
 * what it was is noted before, for archive.revert. Answer: category, already.
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
        require_once("$CFG->libdir/enrollib.php");
        quiet::begin(true);
        $course = expected::there($params);
        $category = $params['category'] ?? null;
        if (!is_int($category) || !$DB->record_exists('course_categories', ['id' => $category])) {
            throw new failure('no_category', "'category' must be a category of this site");
        }
        $unit = marks::unit($params);
        $lock = marks::lock($unit);
        try {
            moved::remember($unit, $course, $category, $params['plan'] ?? []);
        } finally {
            $lock->release();
        }
        $already = (int) $course->category === $category;
        if (!$already) {
            if (!move_courses([$course->id], $category)) {
                throw new failure('not_moved', "Moodle did not move the course $course->id");
            }
            $task->effect("course $course->id moved");
        }
        $now = (int) $DB->get_field('course', 'category', ['id' => $course->id], MUST_EXIST);
        if ($now !== $category) {
            throw new failure('read_back', "The course $course->id was moved, and is where it was");
        }
        quiet::flush();
        return ['category' => $now, 'already' => $already];
    }
};
