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
 * Tells a site that its code is without some plugins now, whose data was taken away or is kept: core's own end of an upgrade, which has no step to do
 * here. Refused if there would be one.
 *
 * Answer: settled (true).
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

    /** @var string[] States of a plugin that an upgrade has nothing to do with. */
    private const AT_REST = ['uptodate', 'nodb', 'missing'];

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once("$CFG->libdir/upgradelib.php");
        require_once("$CFG->libdir/adminlib.php");
        $version = null;
        require("$CFG->dirroot/version.php");
        if ((float) $version !== (float) $DB->get_field('config', 'value', ['name' => 'version'])) {
            throw new failure('upgrade_pending', 'Its database is of another version of Moodle than its code');
        }
        \core_plugin_manager::reset_caches();
        foreach (\core_plugin_manager::instance()->get_plugins() as $plugins) {
            foreach ($plugins as $plugin) {
                // Clones of earlier versions of Provost lack the version of tool_task: core brings it back here.
                $expected = $plugin->component === 'tool_task' ? [...self::AT_REST, 'new'] : self::AT_REST;
                if (!in_array($plugin->get_status(), $expected, true)) {
                    throw new failure('upgrade_pending', "Moodle would do something with $plugin->component: it is '{$plugin->get_status()}'");
                }
            }
        }
        ob_start();
        try {
            upgrade_noncore(false);
            upgrade_finished();
        } finally {
            ob_end_clean();
        }
        unset_config('released', 'provost');
        $task->effect('the upgrade without a step');
        if (moodle_needs_upgrading(false)) {
            throw new failure('read_back', 'The site still asks for an upgrade');
        }
        return ['settled' => true];
    }
};
