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
 * Enables or disables plugins, as the page of their type does.
 *
 * Parameters: plugins (a list of names, such as mod_chat), enabled (true or false), dry (whether nothing is changed). Answer: see
 * rows.php.
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
        $enabled = $params['enabled'] ?? null;
        if (!is_bool($enabled)) {
            throw new failure('bad_request', "'enabled' must be true or false");
        }
        $infos = array_map($this->find(...), $params['plugins'] ?? []);
        $rows = new rows(['plugin', 'was', 'is']);
        $word = fn(?bool $state) => $state ? 'enabled' : 'disabled';
        foreach ($infos as $info) {
            if ($info->is_enabled() === $enabled) {
                continue;
            }
            $rows->change($info->component, $word($info->is_enabled()), $word($enabled));
            if (!empty($params['dry'])) {
                continue;
            }
            $info::enable_plugin($info->name, (int) $enabled);
            \core_plugin_manager::reset_caches();
            $task->effect("$info->component is {$word($enabled)}");
            if ($this->find($info->component)->is_enabled() !== $enabled) {
                throw new failure('read_back', "$info->component was {$word($enabled)}, and is not");
            }
        }
        return $rows->answer();
    }

    /**
     * A plugin that can be enabled and disabled.
     *
     * @param mixed $component
     * @return \core\plugininfo\base
     */
    private function find(mixed $component): \core\plugininfo\base {
        $info = is_string($component) ? \core_plugin_manager::instance()->get_plugin_info($component) : null;
        if (!$info) {
            throw new failure('no_such', "There is no plugin '$component'");
        }
        if ($info->is_enabled() === null || !$info::plugintype_supports_disabling()) {
            throw new failure('refused', "$component cannot be enabled or disabled: plugins of its type always are");
        }
        return $info;
    }
};
