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
 * Writes one value of the configuration, and reads it back.
 *
 * For values that no page of the site administration has: nothing is checked, and nobody is told. Parameters: component
 * ("core" or a plugin's name), name, value (a text; null takes it away). Answer: value, changed.
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
        $component = $params['component'] ?? null;
        $name = $params['name'] ?? null;
        $value = $params['value'] ?? null;
        if (!is_string($component) || !is_string($name) || ($value !== null && !is_string($value))) {
            throw new failure('bad_request', "'component', 'name' and 'value' must be texts");
        }
        if (!preg_match('/^[a-zA-Z0-9_]{1,100}$/D', $component) || !preg_match('~^[a-zA-Z0-9_/:.-]{1,100}$~D', $name)) {
            throw new failure('bad_request', "'$component/$name' cannot be the name of a setting");
        }
        if ($this->is_forced($component, $name)) {
            throw new failure('forced', "$component/$name is set in config.php, which is stronger than the database");
        }
        $changed = $this->stored($component, $name) !== $value;
        if ($changed) {
            set_config($name, $value, $component === 'core' ? null : $component);
            $task->effect("$component/$name");
        }
        $stored = $this->stored($component, $name);
        if ($stored !== $value) {
            throw new failure('read_back', "$component/$name was written, and is not there");
        }
        return ['value' => $stored, 'changed' => $changed];
    }

    /**
     * Whether config.php sets it.
     *
     * @param string $component
     * @param string $name
     * @return bool
     */
    private function is_forced(string $component, string $name): bool {
        global $CFG;
        $forced = $component === 'core' ? $CFG->config_php_settings : $CFG->forced_plugin_settings[$component] ?? [];
        return array_key_exists($name, $forced);
    }

    /**
     * What the database itself has.
     *
     * @param string $component
     * @param string $name
     * @return string|null Null if it is not set.
     */
    private function stored(string $component, string $name): ?string {
        global $DB;
        $table = $component === 'core' ? 'config' : 'config_plugins';
        $conditions = ['name' => $name] + ($component === 'core' ? [] : ['plugin' => $component]);
        $value = $DB->get_field($table, 'value', $conditions);
        return $value === false ? null : (string) $value;
    }
};
