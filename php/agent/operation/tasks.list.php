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
use provost\rows;
use provost\task;

/**
 * The scheduled tasks of a site, as its page of scheduled tasks has them. Nothing is changed.
 *
 * Parameters: task (part of a class's name, or null for all). Answer: see rows.php; times are UTC.
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
        $part = $params['task'] ?? '';
        $rows = new rows(['task', 'schedule', 'state', 'last', 'next', 'fail_delay_s']);
        foreach (\core\task\manager::get_all_scheduled_tasks() as $one) {
            $class = get_class($one);
            if ($part !== '' && !str_contains($class, ltrim($part, '\\'))) {
                continue;
            }
            $info = \core_plugin_manager::instance()->get_plugin_info($one->get_component());
            $off = $info && $info->is_enabled() === false && !$one->get_run_if_component_disabled();
            $state = match (true) {
                $one->get_disabled() => 'disabled',
                $off => 'plugin disabled',
                $one->get_fail_delay() > 0 => 'failing',
                default => 'enabled',
            };
            $rows->add($class, self::schedule($one), $state, self::time($one->get_last_run_time()),
                self::time($one->get_next_run_time()), $one->get_fail_delay());
        }
        return $rows->answer();
    }

    /**
     * A time, for people and programs.
     *
     * @param int|null $at
     * @return string|null
     */
    private static function time(?int $at): ?string {
        return $at ? gmdate('Y-m-d\TH:i:s\Z', $at) : null;
    }

    /**
     * When it runs, as a line of crontab has it.
     *
     * @param \core\task\scheduled_task $one
     * @return string
     */
    private static function schedule(\core\task\scheduled_task $one): string {
        return implode(' ', [
            $one->get_minute(), $one->get_hour(), $one->get_day(), $one->get_month(), $one->get_day_of_week(),
        ]);
    }
};
