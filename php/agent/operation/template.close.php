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

use provost\hooks;
use provost\operation;
use provost\task;

/**
 * Makes a site ready to be cloned from: takes away what somebody was writing, and finds what clones need to be told.
 *
 * Answer: drafts, how many files of drafts were taken away; tasks, a list of class and field of scheduled tasks whose moment
 * their plugin leaves to chance; encrypted, how many values are encrypted with the key of the site; blocks, how many
 * blocks have the site's address in their settings, which are encoded so that no search finds it; hooks, what core keeps of
 * those of the build.
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
        $drafts = $DB->get_records('files', ['component' => 'user', 'filearea' => 'draft']);
        $storage = get_file_storage();
        foreach ($drafts as $draft) {
            $storage->get_file_instance($draft)->delete();
        }
        return ['drafts' => count($drafts), 'tasks' => $this->random_moments(), 'encrypted' => $this->encrypted(),
            'blocks' => $this->blocks(), 'hooks' => hooks::told()];
    }

    /**
     * Scheduled tasks whose moment is left to chance.
     *
     * @return array
     */
    private function random_moments(): array {
        global $DB;
        $components = $DB->get_fieldset_sql('SELECT DISTINCT component FROM {task_scheduled} ORDER BY component');
        $moments = [];
        foreach ($components as $component) {
            foreach (\core\task\manager::load_default_scheduled_tasks_for_component($component, false) as $declared) {
                $fields = [
                    'minute' => $declared->get_minute(),
                    'hour' => $declared->get_hour(),
                    'dayofweek' => $declared->get_day_of_week(),
                ];
                foreach (array_keys($fields, 'R', true) as $field) {
                    $moments[] = ['\\' . ltrim(get_class($declared), '\\'), $field];
                }
            }
        }
        return $moments;
    }

    /**
     * How many blocks have the site's address in their settings.
     *
     * @return int
     */
    private function blocks(): int {
        global $CFG, $DB;
        $host = parse_url($CFG->wwwroot, PHP_URL_HOST);
        $count = 0;
        foreach ($DB->get_fieldset_select('block_instances', 'configdata', $DB->sql_isnotempty('block_instances', 'configdata',
                true, true)) as $settings) {
            $count += (int) str_contains((string) base64_decode($settings), $host);
        }
        return $count;
    }

    /**
     * How many settings are encrypted with the key of the site.
     *
     * @return int
     */
    private function encrypted(): int {
        global $DB;
        $tables = ['config', 'config_plugins', ...array_intersect(['ai_providers', 'sms_gateways'], $DB->get_tables())];
        $count = 0;
        foreach ($tables as $table) {
            $column = str_starts_with($table, 'config') ? 'value' : 'config';
            $count += $DB->count_records_select($table, $DB->sql_like($column, '?'), ['%sodium:%']);
        }
        return $count;
    }
};
