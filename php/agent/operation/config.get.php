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
 * Reads configuration.
 *
 * Parameters: component ("core" or a plugin's name); name, to read one value only. Answer: values, a map of what the
 * database has; forced, those of the names that config.php sets to something of its own, which is stronger. Its values are
 * not told: the database's password is among them. A name that is in neither is not set.
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
        global $CFG, $DB;
        $component = $params['component'] ?? null;
        $name = $params['name'] ?? null;
        if (!is_string($component) || ($name !== null && !is_string($name))) {
            throw new failure('bad_request', "'component' must be a text, and 'name' one or nothing");
        }
        $forced = $component === 'core' ? $CFG->config_php_settings : $CFG->forced_plugin_settings[$component] ?? [];
        $table = $component === 'core' ? 'config' : 'config_plugins';
        $conditions = $component === 'core' ? [] : ['plugin' => $component];
        $conditions += $name === null ? [] : ['name' => $name];
        $values = $DB->get_records_menu($table, $conditions, 'name', 'name, value');
        $asked = $name === null ? $values : [$name => true];
        return ['values' => (object) $values, 'forced' => array_keys(array_intersect_key($forced, $asked))];
    }
};
