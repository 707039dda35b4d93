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
 * Parameters: plugins (components) and enabled (true or false), or states (true or false by component, of another site: what this one has not is
 * told); dry (whether nothing is changed). Answer: see rows.php.
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
        require_once("$CFG->libdir/filterlib.php");
        require_once(__DIR__ . '/../rows.php');
        $rows = new rows(['plugin', 'was', 'is']);
        $word = fn(?bool $state) => $state ? 'enabled' : 'disabled';
        foreach ($this->wanted($params, $rows) as [$info, $enabled]) {
            if ($info->is_enabled() === $enabled) {
                continue;
            }
            $rows->change($info->component, $word($info->is_enabled()), $word($enabled));
            if (!empty($params['dry'])) {
                continue;
            }
            // A filter that is merely off can be switched on in a course: 0 is no state of one.
            $off = $info->type === 'filter' ? TEXTFILTER_DISABLED : 0;
            $info::enable_plugin($info->name, $enabled ? 1 : $off);
            \core_plugin_manager::reset_caches();
            $task->effect("$info->component is {$word($enabled)}");
            if ($this->find($info->component)->is_enabled() !== $enabled) {
                throw new failure('read_back', "$info->component was {$word($enabled)}, and is not");
            }
        }
        return $rows->answer();
    }

    /**
     * The plugins that are meant, and what they shall be.
     *
     * @param array $params
     * @param rows $rows Gets those of another site that this one has not.
     * @return array[]
     */
    private function wanted(array $params, rows $rows): array {
        $wanted = [];
        foreach ((array) ($params['states'] ?? []) as $component => $enabled) {
            $info = \core_plugin_manager::instance()->get_plugin_info($component);
            if (!$info || !$this->has_states($info)) {
                $rows->add($component, null, 'left out: this site has no such plugin that can be enabled');
            } else {
                $wanted[] = [$info, (bool) $enabled];
            }
        }
        if ($wanted || isset($params['states'])) {
            return $wanted;
        }
        $enabled = $params['enabled'] ?? null;
        if (!is_bool($enabled)) {
            throw new failure('bad_request', "'enabled' must be true or false");
        }
        return array_map(fn(mixed $component): array => [$this->find($component), $enabled], $params['plugins'] ?? []);
    }

    /**
     * Whether plugins of its type can be enabled and disabled. Course formats and others can, and do not say so.
     *
     * @param \core\plugininfo\base $info
     * @return bool
     */
    private function has_states(\core\plugininfo\base $info): bool {
        $method = new \ReflectionMethod($info, 'enable_plugin');
        return $info->is_enabled() !== null && $method->getDeclaringClass()->getName() !== \core\plugininfo\base::class;
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
        if (!$this->has_states($info)) {
            throw new failure('refused', "$component cannot be enabled or disabled: plugins of its type always are");
        }
        return $info;
    }
};
