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

use provost\archive\contents;
use provost\archive\deletion;
use provost\archive\quiet;
use provost\archive\tasks;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Brings a course to rest, and its rows and files to disk: what is counted afterwards is what a proof may be built on.
 *
 * Parameters: course. Answer: grades_waiting, tasks_waiting (0 is rest), synced, durable, why_not.
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
        require_once("$CFG->libdir/gradelib.php");
        quiet::begin();
        $course = $DB->get_record('course', ['id' => $params['course'] ?? 0]);
        if (!$course) {
            throw new failure('no_course', 'There is no such course (any more)');
        }
        $waiting = ['courseid' => $course->id, 'needsupdate' => 1];
        if ($DB->record_exists('grade_items', $waiting)) {
            grade_regrade_final_grades($course->id);
            $task->effect('grades computed');
        }
        foreach (tasks::run((int) $course->id) as $ran) {
            $task->effect($ran);
        }
        rebuild_course_cache($course->id, true);
        $synced = $this->sync(context_course::instance($course->id));
        quiet::without_waiting(false);
        // A commit that waits for the disk: all before it are there when it returns.
        set_config('settled', (string) time(), 'provost_archive');
        $why = quiet::why_not_durable();
        return [
            'grades_waiting' => $DB->count_records('grade_items', $waiting),
            'tasks_waiting' => count(tasks::of((int) $course->id, true)),
            'synced' => $synced,
            'durable' => $why === null,
            'why_not' => $why,
        ];
    }

    /**
     * Brings the contents of the course's files to disk.
     *
     * @param context $context
     * @return int How many.
     */
    private function sync(context $context): int {
        global $DB;
        $synced = 0;
        foreach (array_chunk(deletion::below($context), 1000) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk);
            foreach ($DB->get_fieldset_sql("SELECT DISTINCT contenthash FROM {files} WHERE contextid $in", $params) as $sha1) {
                $path = contents::path($sha1);
                $file = $path === null ? false : fopen($path, 'rb');
                if ($file !== false) {
                    fsync($file);
                    fclose($file);
                    $synced++;
                }
            }
        }
        return $synced;
    }
};
