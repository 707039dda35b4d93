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
 * Says when a scheduled task runs, and whether, as the page of scheduled tasks does.
 *
 * Parameters: task (its class), schedule (minute, hour, day, month and day of the week as crontab has them; or "default", or null
 * for as it is), enabled (true, false, or null for as it is), dry (whether nothing is written). Answer: see rows.php.
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
        global $CFG;
        require_once(__DIR__ . '/../rows.php');
        $class = ltrim((string) ($params['task'] ?? ''), '\\');
        $one = $class === '' ? false : \core\task\manager::get_scheduled_task($class);
        if (!$one) {
            throw new failure('no_such', "There is no scheduled task '$class'");
        }
        $was = self::words($one);
        $schedule = $params['schedule'] ?? null;
        if ($schedule !== null) {
            $this->reschedule($one, $class, $schedule);
        }
        if (is_bool($params['enabled'] ?? null)) {
            $one->set_disabled(!$params['enabled']);
        }
        $meant = self::words($one);
        $rows = new rows(['task', 'was', 'is']);
        if ($meant === $was) {
            return $rows->answer();
        }
        if (empty($params['dry'])) {
            if (isset($CFG->scheduled_tasks)) {
                throw new failure('forced', 'config.php has a say in scheduled tasks ($CFG->scheduled_tasks)');
            }
            $one->set_customised($schedule !== 'default' || $one->get_disabled());
            \core\task\manager::configure_scheduled_task($one);
            $task->effect("$class is $meant");
            $read = self::words(\core\task\manager::get_scheduled_task($class));
            if ($read !== $meant) {
                throw new failure('read_back', "'$class' was set to $meant, and is $read");
            }
        }
        $rows->change($class, $was, $meant);
        return $rows->answer();
    }

    /**
     * Takes another schedule.
     *
     * @param \core\task\scheduled_task $one
     * @param string $class
     * @param mixed $schedule
     */
    private function reschedule(\core\task\scheduled_task $one, string $class, mixed $schedule): void {
        if ($schedule === 'default') {
            $fresh = \core\task\manager::get_default_scheduled_task($class);
            $words = [
                $fresh->get_minute(), $fresh->get_hour(), $fresh->get_day(), $fresh->get_month(), $fresh->get_day_of_week(),
            ];
        } else {
            $words = preg_split('/ +/', trim((string) $schedule));
        }
        if (count($words) !== 5) {
            throw new failure('refused', "'$schedule' is no schedule: minute, hour, day, month, day of the week");
        }
        [$minute, $hour, $day, $month, $weekday] = $words;
        $one->set_minute($minute);
        $one->set_hour($hour);
        $one->set_day($day);
        $one->set_month($month);
        $one->set_day_of_week($weekday);
        $fields = [
            'minute' => $one::FIELD_MINUTE, 'hour' => $one::FIELD_HOUR, 'day' => $one::FIELD_DAY,
            'month' => $one::FIELD_MONTH, 'day of the week' => $one::FIELD_DAYOFWEEK,
        ];
        foreach ($schedule === 'default' ? [] : $fields as $name => $field) {
            if (!$one->is_valid($field)) {
                throw new failure('refused', "the $name of '$schedule' is not valid");
            }
        }
    }

    /**
     * When it runs, and whether, in words.
     *
     * @param \core\task\scheduled_task $one
     * @return string
     */
    private static function words(\core\task\scheduled_task $one): string {
        return implode(' ', [
            $one->get_minute(), $one->get_hour(), $one->get_day(), $one->get_month(), $one->get_day_of_week(),
        ]) . ($one->get_disabled() ? ', disabled' : '');
    }
};
