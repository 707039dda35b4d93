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
 * The plugins of a site: their versions in the code and in the database, whether they are enabled, and where they come from. Nothing
 * is changed.
 *
 * Parameters: plugin (part of a name, or null for all), additional (whether only those that Moodle does not bring). Answer: see
 * rows.php. The state is "ok" or what the site's page of plugins would say: upgrade, missing, downgrade, new, delete.
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
        $part = $params['plugin'] ?? '';
        $rows = new rows(['plugin', 'version', 'release', 'enabled', 'from', 'state']);
        foreach (\core_plugin_manager::instance()->get_plugins() as $plugins) {
            foreach ($plugins as $plugin) {
                $from = $plugin->is_standard() ? 'moodle' : 'additional';
                if (!empty($params['additional']) && $from === 'moodle') {
                    continue;
                }
                if ($part === '' || str_contains($plugin->component, $part)) {
                    $state = $plugin->get_status();
                    $rows->add($plugin->component, $plugin->versiondb ?? $plugin->versiondisk, $plugin->release, $plugin->is_enabled(),
                        $from, $state === 'uptodate' || $state === 'nodb' ? 'ok' : $state);
                }
            }
        }
        return $rows->answer();
    }
};
