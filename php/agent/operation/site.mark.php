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
 * Writes marks into the site: facts about it that belong to it, such as its name in the fleet. They are configuration of
 * the plugin name "provost".
 *
 * Parameters: marks, a map of name to text; null takes a mark away. Answer: marks, all that are there afterwards.
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
        $marks = $params['marks'] ?? null;
        if (!is_array($marks)) {
            throw new failure('bad_request', "'marks' must be a map of names to texts");
        }
        foreach ($marks as $name => $value) {
            // The plugin's version is what Moodle would know an installed plugin by, and there is none.
            if (!preg_match('/^[a-z][a-z0-9_]{0,99}$/D', $name) || $name === 'version') {
                throw new failure('bad_request', "'$name' cannot be the name of a mark");
            }
            if ($value !== null && !is_string($value)) {
                throw new failure('bad_request', "The mark '$name' must be a text");
            }
        }
        $before = $this->marks();
        foreach ($marks as $name => $value) {
            if (($before[$name] ?? null) !== $value) {
                set_config($name, $value, 'provost');
                $task->effect("provost/$name");
            }
        }
        $after = $this->marks();
        foreach ($marks as $name => $value) {
            if (($after[$name] ?? null) !== $value) {
                throw new failure('read_back', "The mark '$name' was written, and is not there");
            }
        }
        return ['marks' => (object) $after];
    }

    /**
     * All marks, from the database itself.
     *
     * @return array
     */
    private function marks(): array {
        global $DB;
        return $DB->get_records_menu('config_plugins', ['plugin' => 'provost'], 'name', 'name, value');
    }
};
