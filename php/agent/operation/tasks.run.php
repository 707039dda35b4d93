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
use provost\rows;
use provost\task;

/**
 * Runs a scheduled task now, whether it is due or not: what admin/cli/scheduled_task.php --execute does.
 *
 * Parameters: task (its class), dry (whether nothing is run). Answer: see rows.php, with the last line that the task wrote.
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
        require_once(__DIR__ . '/../rows.php');
        $class = ltrim((string) ($params['task'] ?? ''), '\\');
        $one = $class === '' ? false : \core\task\manager::get_scheduled_task($class);
        if (!$one) {
            throw new failure('no_such', "There is no scheduled task '$class'");
        }
        $rows = new rows(['task', 'took_ms', 'said']);
        if (!empty($params['dry'])) {
            $rows->change($class, null, null);
            return $rows->answer();
        }
        $locks = \core\lock\lock_config::get_lock_factory('cron');
        $lock = $locks->get_lock('\\' . get_class($one), 10);
        if (!$lock) {
            throw new failure('at_work', "'$class' runs already");
        }
        $one->set_lock($lock);
        raise_memory_limit(MEMORY_EXTRA);
        \core\cron::setup_user();
        \core\task\manager::scheduled_task_starting($one);
        $began = microtime(true);
        ob_start();
        try {
            // It releases the lock, and writes down what came of it.
            \core\cron::run_inner_scheduled_task($one);
        } finally {
            $said = ob_get_clean();
        }
        $took = (int) round(1000 * (microtime(true) - $began));
        $task->effect("ran $class");
        $again = \core\task\manager::get_scheduled_task($class);
        $lines = array_filter(array_map('trim', explode("\n", (string) $said)));
        if ($again->get_fail_delay() > 0) {
            throw new failure('task_failed', "'$class' failed: " . ($this->fault($lines) ?? 'it said nothing'));
        }
        $rows->change($class, $took, $lines ? end($lines) : null);
        return $rows->answer();
    }

    /**
     * The line of what a task wrote that says why it failed.
     *
     * @param string[] $lines
     * @return string|null
     */
    private function fault(array $lines): ?string {
        $named = array_filter($lines, fn($line) => preg_match('/exception|error|failed/i', $line));
        return ($named ? reset($named) : end($lines)) ?: null;
    }
};
