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
 * Brings the list of capabilities to what Moodle and its plugins say, as an upgrade does: those that are new are made, with their defaults for
 * the archetypes; those that are gone go, with what roles said of them.
 *
 * Parameters: dry (whether nothing is changed). Answer: see rows.php.
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
        require_once("$CFG->libdir/upgradelib.php");
        require_once(__DIR__ . '/../rows.php');
        $rows = new rows(['capability', 'component', 'is']);
        foreach ($this->components() as $component) {
            $meant = load_capability_def($component);
            $stored = array_column(get_cached_capabilities($component), null, 'name');
            $changed = array_diff_key($meant, $stored);
            $gone = array_diff_key($stored, $meant);
            foreach (array_keys($changed) as $name) {
                $rows->change($name, $component, 'made');
            }
            foreach (array_keys($gone) as $name) {
                $rows->change($name, $component, 'gone');
            }
            if (($changed || $gone) && empty($params['dry'])) {
                update_capabilities($component);
                $task->effect("capabilities of $component");
            }
        }
        return $rows->answer();
    }

    /**
     * Moodle itself and all plugins.
     *
     * @return string[]
     */
    private function components(): array {
        $all = ['moodle'];
        foreach (array_keys(\core_component::get_plugin_types()) as $type) {
            foreach (array_keys(\core_component::get_plugin_list($type)) as $name) {
                $all[] = "{$type}_$name";
            }
        }
        return $all;
    }
};
