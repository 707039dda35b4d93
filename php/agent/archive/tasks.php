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

namespace provost\archive;

/**
 * Queued tasks of core that name a course.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class tasks {

    /**
     * They.
     *
     * @param int $course
     * @param bool $due Only those that the site's cron would run now.
     * @return \stdClass[] Rows, by id.
     */
    public static function of(int $course, bool $due = false): array {
        global $DB;
        $select = $DB->sql_like('customdata', ':like') . ($due ? ' AND nextruntime <= :now' : '');
        $rows = $DB->get_records_select('task_adhoc', $select, ['like' => '%course%'] + ($due ? ['now' => time()] : []), 'id');
        return array_filter($rows, function (\stdClass $row) use ($course): bool {
            $given = json_decode((string) $row->customdata, true);
            foreach (['courseid', 'course'] as $name) {
                if (is_array($given) && is_numeric($given[$name] ?? null) && (int) $given[$name] === $course) {
                    return true;
                }
            }
            return false;
        });
    }

    /**
     * Runs those that are due, as the site's cron would.
     *
     * @param int $course
     * @return string[] What was run.
     */
    public static function run(int $course): array {
        $run = [];
        foreach (self::of($course, true) as $row) {
            $lock = \core\lock\lock_config::get_lock_factory('cron')->get_lock("adhoc_$row->id", 0);
            if (!$lock) {
                continue;
            }
            $task = \core\task\manager::adhoc_task_from_record($row);
            if (!$task) {
                $lock->release();
                continue;
            }
            $task->set_lock($lock);
            try {
                $task->execute();
                \core\task\manager::adhoc_task_complete($task);
                $run[] = get_class($task);
            } catch (\Throwable $thrown) {
                \core\task\manager::adhoc_task_failed($task);
                unset($thrown);
            }
        }
        return $run;
    }
}
