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
use provost\task;

/**
 * What a site says of itself: versions, address, names, sizes, and our marks.
 *
 * Answer: version, release, branch and allversionshash as the database has them, allversionshash_computed as the code on
 * disk gives it (all null where they are not), upgrade_running, wwwroot, dbfamily, tables (how many), fullname, shortname,
 * users (with admin and guest, without deleted ones), courses (without the front page), marks (a map).
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return false;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        $tables = $DB->get_tables(false);
        $stored = in_array('config', $tables) ? $this->stored() : [];
        return [
            'version' => $stored['version'] ?? null,
            'release' => $stored['release'] ?? null,
            'branch' => $stored['branch'] ?? null,
            'allversionshash' => $stored['allversionshash'] ?? null,
            'allversionshash_computed' => \core_component::get_all_versions_hash(),
            'upgrade_running' => (int) ($stored['upgraderunning'] ?? 0) > time(),
            'installed' => !empty($stored['rolesactive']),
            'wwwroot' => $CFG->wwwroot,
            'dbfamily' => $DB->get_dbfamily(),
            'tables' => count($tables),
            'marks' => (object) (in_array('config_plugins', $tables) ? $this->marks() : []),
        ] + $this->content($tables);
    }

    /**
     * The versions in the database itself; $CFG has them through a cache.
     *
     * @return array
     */
    private function stored(): array {
        global $DB;
        [$in, $names] = $DB->get_in_or_equal(
            ['version', 'release', 'branch', 'allversionshash', 'upgraderunning', 'rolesactive']);
        return $DB->get_records_select_menu('config', "name $in", $names, 'name', 'name, value');
    }

    /**
     * What Provost has written into the site, of it and for it.
     *
     * @return array
     */
    private function marks(): array {
        global $DB;
        return $DB->get_records_menu('config_plugins', ['plugin' => 'provost'], 'name', 'name, value');
    }

    /**
     * The names and sizes. All of them are null while the tables for them are not there.
     *
     * @param string[] $tables
     * @return array
     */
    private function content(array $tables): array {
        global $DB;
        $facts = ['fullname' => null, 'shortname' => null, 'users' => null, 'courses' => null];
        if (!in_array('course', $tables) || !in_array('user', $tables)) {
            return $facts;
        }
        $front = $DB->get_record('course', ['category' => 0], 'fullname, shortname');
        if ($front) {
            $facts['fullname'] = $front->fullname;
            $facts['shortname'] = $front->shortname;
        }
        $facts['users'] = $DB->count_records('user', ['deleted' => 0]);
        $facts['courses'] = $DB->count_records_select('course', 'category <> 0');
        return $facts;
    }
};
