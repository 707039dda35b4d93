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

use provost\failure;
use provost\operation;
use provost\task;

/**
 * Says that a task failed whose process was killed: it could not say so itself, and would be begun again at once. The next attempt is
 * then delayed as core delays those of any task that fails. A task that is to be parked gets core's longest delay, a day, of which core
 * tells the site's administrators.
 *
 * Parameters: class, of a scheduled task, or id, of an ad hoc task; park. Answer: known, and fail_delay and next_run afterwards.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var int Half of core's longest delay in seconds: core doubles what there is. This file is read before Moodle has DAYSECS. */
    private const HALF_A_DAY = 43200;

    /** @var int How long the lock of a process that is gone may last, in seconds. */
    private const PATIENCE = 15;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        $park = !empty($params['park']);
        if (isset($params['id'])) {
            [$table, $key, $lock] = ['task_adhoc', ['id' => (int) $params['id']], 'adhoc_' . (int) $params['id']];
        } else {
            $class = '\\' . ltrim((string) ($params['class'] ?? ''), '\\');
            [$table, $key, $lock] = ['task_scheduled', ['classname' => $class], $class];
        }
        $held = \core\lock\lock_config::get_lock_factory('cron')->get_lock($lock, self::PATIENCE);
        if (!$held) {
            throw new failure('busy', 'The task is being run by somebody');
        }
        $record = $DB->get_record($table, $key);
        if (!$record || (!$park && empty($record->timestarted))) {
            // It ended after all, or said itself that it had failed.
            $held->release();
            return ['known' => (bool) $record] + $this->delay($record);
        }
        if ($table === 'task_adhoc') {
            $moodletask = \core\task\manager::adhoc_task_from_record($record);
        } else {
            $moodletask = \core\task\manager::scheduled_task_from_record($record);
        }
        $moodletask->set_lock($held);
        if ($park) {
            $moodletask->set_fail_delay(self::HALF_A_DAY);
        }
        if ($table === 'task_adhoc') {
            \core\task\manager::adhoc_task_failed($moodletask);
        } else {
            \core\task\manager::scheduled_task_failed($moodletask);
        }
        $task->effect(($park ? 'parked ' : 'failed ') . $lock);
        $after = $DB->get_record($table, $key);
        if (!$after || empty($after->faildelay) || !empty($after->timestarted)) {
            throw new failure('read_back', 'The task was said to have failed, and its record does not show it');
        }
        return ['known' => true] + $this->delay($after);
    }

    /**
     * What a record says of the next attempt.
     *
     * @param stdClass|false $record
     * @return array
     */
    private function delay(stdClass|false $record): array {
        return $record ? ['fail_delay' => (int) $record->faildelay, 'next_run' => (int) $record->nextruntime] : [];
    }
};
