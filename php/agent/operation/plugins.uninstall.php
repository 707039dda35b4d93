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
 * Takes a plugin's data away while its code is there: its tables, settings, files, and what core knows of it.
 *
 * Parameters: plugins (components), keep (whether the data stays, and only the code may go), dry (whether nothing is changed). Answer: see rows.php: what
 * of each is used. One that the site does not have is no change. One whose code is gone is refused: core would drop every table whose name begins as the
 * plugin's does. What may go is marked: the mark "released" lets Provost bring the site to a build without it.
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
        require_once("$CFG->libdir/adminlib.php");
        require_once("$CFG->libdir/xmldb/xmldb_object.php");
        require_once("$CFG->libdir/xmldb/xmldb_file.php");
        require_once(__DIR__ . '/../rows.php');
        $rows = new rows(['plugin', 'what', 'number']);
        $manager = \core_plugin_manager::instance();
        $keep = !empty($params['keep']);
        $going = array_values(array_filter((array) ($params['plugins'] ?? []), fn($one): bool => $this->is_there($one)));
        foreach ($going as $component) {
            $this->check($manager->get_plugin_info($component), $component, $going);
            $rows->change($component, 'version', get_config($component, 'version') ?: null);
            foreach ($this->used($manager->get_plugin_info($component)) as $what => $number) {
                $rows->add($component, $what, $number);
            }
        }
        if (!empty($params['dry'])) {
            return $rows->answer();
        }
        set_config('released', implode(',', (array) $params['plugins']), 'provost');
        if ($keep) {
            $task->effect('the code of plugins may go');
            return $rows->answer();
        }
        \core_php_time_limit::raise();
        foreach ($going as $number => $component) {
            $task->progress($number, count($going), $component);
            $tables = $this->tables($manager->get_plugin_info($component));
            if (!$manager->uninstall_plugin($component, new \null_progress_trace())) {
                throw new failure('refused', "'$component' does not let itself be uninstalled");
            }
            $task->effect("$component is uninstalled");
            $left = array_filter($tables, fn(string $table): bool => in_array($table, $GLOBALS['DB']->get_tables(false), true));
            if ($this->is_there($component) || $left) {
                throw new failure('read_back', "'$component' was uninstalled, and is there still" . ($left ? ': ' . implode(', ', $left) : ''));
            }
        }
        return $rows->answer();
    }

    /**
     * Whether the site has a plugin's data.
     *
     * @param mixed $component
     * @return bool
     */
    private function is_there(mixed $component): bool {
        global $DB;
        if (!is_string($component) || $component !== clean_param($component, PARAM_COMPONENT) || !str_contains($component, '_')) {
            throw new failure('bad_request', "'$component' is no plugin");
        }
        return $DB->record_exists('config_plugins', ['plugin' => $component, 'name' => 'version']);
    }

    /**
     * That it may go.
     *
     * @param \core\plugininfo\base|null $plugin
     * @param string $component
     * @param string[] $going What goes with it.
     */
    private function check(?\core\plugininfo\base $plugin, string $component, array $going): void {
        if ($plugin === null || $plugin->get_status() === \core_plugin_manager::PLUGIN_STATUS_MISSING) {
            throw new failure('code_gone', "The code of '$component' is not in this site's build",
                hint: 'bring it back into the codebase first: without its code, core drops every table whose name begins as the plugin\'s does');
        }
        if ($plugin->is_standard()) {
            throw new failure('refused', "'$component' comes with Moodle, and would be installed again; disable it instead");
        }
        $manager = \core_plugin_manager::instance();
        $own = array_keys($manager->get_subplugins_of_plugin($component));
        $needed = array_diff($manager->other_plugins_that_require($component), $going, $own);
        if ($needed) {
            throw new failure('refused', "'$component' is needed by " . implode(', ', $needed));
        }
        if (!$plugin->is_uninstall_allowed()) {
            throw new failure('refused', "'$component' does not let itself be uninstalled");
        }
    }

    /**
     * The tables of a plugin, by its own description of them.
     *
     * @param \core\plugininfo\base $plugin
     * @return string[]
     */
    private function tables(\core\plugininfo\base $plugin): array {
        $file = new \xmldb_file("$plugin->rootdir/db/install.xml");
        if (!$file->fileExists() || !$file->loadXMLStructure()) {
            return [];
        }
        return array_map(fn(\xmldb_table $table): string => $table->getName(), $file->getStructure()->getTables());
    }

    /**
     * What of it is used.
     *
     * @param \core\plugininfo\base $plugin
     * @return int[] Numbers by what they count; none that is 0.
     */
    private function used(\core\plugininfo\base $plugin): array {
        global $DB;
        $used = [];
        if ($plugin->type === 'mod') {
            $used['activities in courses'] = $DB->count_records_sql('SELECT COUNT(1)
                                                                       FROM {course_modules} cm
                                                                       JOIN {modules} m ON m.id = cm.module
                                                                      WHERE m.name = ?', [$plugin->name]);
        } else if ($plugin->type === 'block') {
            $used['blocks on pages'] = $DB->count_records('block_instances', ['blockname' => $plugin->name]);
        } else if ($plugin->type === 'enrol') {
            $used['courses that enrol with it'] = $DB->count_records('enrol', ['enrol' => $plugin->name]);
        } else if ($plugin->type === 'auth') {
            $used['accounts that log in with it'] = $DB->count_records('user', ['auth' => $plugin->name, 'deleted' => 0]);
        } else if ($plugin->type === 'qtype') {
            $used['questions'] = $DB->count_records('question', ['qtype' => $plugin->name]);
        } else if ($plugin->type === 'theme') {
            $used['courses in it'] = $DB->count_records('course', ['theme' => $plugin->name]);
        } else if ($plugin->type === 'format') {
            $used['courses in it'] = $DB->count_records('course', ['format' => $plugin->name]);
        }
        $own = \core_plugin_manager::instance()->get_subplugins_of_plugin($plugin->component);
        $used['plugins within it, which go, too'] = count($own);
        $tables = array_merge($this->tables($plugin), ...array_values(array_map($this->tables(...), $own)));
        foreach ($tables as $table) {
            $used["rows in $table"] = in_array($table, $DB->get_tables(), true) ? $DB->count_records($table) : 0;
        }
        $used['files'] = $DB->count_records_select('files', 'component = ? AND filename <> ?', [$plugin->component, '.']);
        return array_filter($used);
    }
};
