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

use provost\operation;
use provost\task;

/**
 * Takes the delay from tasks that core holds back for a day, its longest, so that the next cron runs them.
 *
 * Parameters: none. Answer: tasks, their classes, with the number of each ad hoc task.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        $released = [];
        foreach (\core\task\manager::get_all_scheduled_tasks() as $one) {
            if ($one->get_fail_delay() >= DAYSECS) {
                \core\task\manager::clear_fail_delay($one);
                $released[] = get_class($one);
            }
        }
        foreach (\core\task\manager::get_failed_adhoc_tasks(DAYSECS - 1) as $one) {
            // As core's own page of ad hoc tasks has it: what failed may be tried at any time, and there is no API but the record.
            $one->set_fail_delay(0);
            $one->set_next_run_time(time() - 1);
            $DB->update_record('task_adhoc', \core\task\manager::record_from_adhoc_task($one));
            $released[] = get_class($one) . ' #' . $one->get_id();
        }
        foreach ($released as $name) {
            $task->effect("released $name");
        }
        return ['tasks' => $released];
    }
};
