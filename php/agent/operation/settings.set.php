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
use provost\portable;
use provost\rows;
use provost\settings;
use provost\task;

/**
 * Writes settings as the pages of the site administration do; all of them or none.
 *
 * Parameters: settings (a list of maps with component, "core" or a plugin's name; name; value, a text as it is stored, where null takes the
 * setting away; secret, where the log of changes shall not have it; and by, where the value is not the same everywhere: see the class
 * portable), dry (whether nothing is written). Answer: columns, rows, changes; see rows.php. What was and is of a setting that is changed is
 * in the rows; nothing is said of the others.
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
        require_once(__DIR__ . '/../settings.php');
        $wanted = $params['settings'] ?? null;
        if (!is_array($wanted)) {
            throw new failure('bad_request', "'settings' must be a list");
        }
        array_map($this->check(...), $wanted);
        require_once(__DIR__ . '/../portable.php');
        $portable = new portable();
        foreach ($wanted as $at => $one) {
            $wanted[$at]['value'] = $portable->own($one['value'] ?? null, $one['by'] ?? null);
        }
        $settings = new settings(array_map(fn(array $one): array => [$one['component'], $one['name']], $wanted));
        $rows = new rows(['setting', 'was', 'is']);
        $faults = [];
        foreach ($wanted as $one) {
            if (!empty($one['secret'])) {
                $settings->is_secret($one['component'], $one['name']);
            }
            $was = $settings->stored($one['component'], $one['name']);
            $fault = $was === $one['value'] ? null : $settings->fault($one['component'], $one['name'], $one['value']);
            if ($fault !== null) {
                $faults[] = "{$one['component']}/{$one['name']}: $fault";
            }
        }
        if ($faults) {
            throw new failure('refused', implode('; ', $faults));
        }
        $written = [];
        foreach ($wanted as $one) {
            ['component' => $component, 'name' => $name, 'value' => $value] = $one;
            $was = $settings->stored($component, $name);
            if ($was === $value) {
                continue;
            }
            try {
                $is = empty($params['dry']) ? $settings->write($component, $name, $value) : $value;
            } catch (\Throwable $thrown) {
                $this->undo($settings, $written);
                throw $thrown;
            }
            $written[] = [$component, $name, $was];
            $rows->change("$component/$name", $was, $is);
            if (empty($params['dry'])) {
                $task->effect("$component/$name");
            }
        }
        return $rows->answer();
    }

    /**
     * That a setting can be meant.
     *
     * @param mixed $one
     */
    private function check(mixed $one): void {
        $component = $one['component'] ?? null;
        $name = $one['name'] ?? null;
        $value = $one['value'] ?? null;
        if (!is_string($component) || !is_string($name) || ($value !== null && !is_string($value))) {
            throw new failure('bad_request', "'component', 'name' and 'value' must be texts");
        }
        if (!preg_match('/^[a-z][a-zA-Z0-9_]{0,99}$/D', $component) || !preg_match('~^[a-zA-Z0-9_/:.-]{1,100}$~D', $name)) {
            throw new failure('bad_request', "'$component/$name' cannot be the name of a setting");
        }
    }

    /**
     * Puts back what was, the last one first.
     *
     * @param settings $settings
     * @param array $written
     */
    private function undo(settings $settings, array $written): void {
        foreach (array_reverse($written) as [$component, $name, $was]) {
            $settings->write($component, $name, $was);
        }
    }
};
