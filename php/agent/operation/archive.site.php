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

use provost\archive\marks;
use provost\operation;
use provost\task;

/**
 * What an archive session must know of a site.
 *
 * Answer: SiteFacts in crates/provost-archive/src/course. Read in bulk: a site has tens of thousands of courses.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once(__DIR__ . '/../archive/library.php');
        make_temp_directory('');
        $filedir = $CFG->filedir ?? "$CFG->dataroot/filedir";
        $free = @disk_free_space(is_dir($filedir) ? $filedir : $CFG->dataroot);
        $temp = @disk_free_space($CFG->tempdir);
        return [
            'version' => (string) $DB->get_field('config', 'value', ['name' => 'version']),
            'release' => (string) $DB->get_field('config', 'value', ['name' => 'release']),
            'identifier_digest' => md5(get_site_identifier()),
            'wwwroot' => $CFG->wwwroot,
            'plugins' => (object) $this->plugins(),
            'without_backup' => $this->without_backup(),
            'roles' => array_values($DB->get_records_menu('role', null, 'sortorder', 'id, shortname')),
            'free_bytes' => $free === false ? null : (int) $free,
            'free_temp_bytes' => $temp === false ? null : (int) $temp,
            'categories' => $this->categories(),
            'courses' => $this->courses(),
            'insensitive' => $DB->get_dbfamily() === 'mysql',
        ];
    }

    /**
     * Plugins that are installed and on disk, with their versions.
     *
     * @return string[]
     */
    private function plugins(): array {
        global $DB;
        $versions = $DB->get_records_menu('config_plugins', ['name' => 'version'], 'plugin', 'plugin, value');
        return array_filter($versions,
            fn(string $component): bool => \core_component::get_component_directory($component) !== null, ARRAY_FILTER_USE_KEY);
    }

    /**
     * Modules that core cannot back up.
     *
     * @return string[]
     */
    private function without_backup(): array {
        global $DB;
        $modules = $DB->get_records_menu('modules', null, 'name', 'id, name');
        return array_values(array_filter($modules,
            fn(string $name): bool => !plugin_supports('mod', $name, FEATURE_BACKUP_MOODLE2)));
    }

    /**
     * All categories.
     *
     * @return array[]
     */
    private function categories(): array {
        global $DB;
        $rows = $DB->get_records('course_categories', null, 'sortorder, id', 'id, parent, name, idnumber, visible');
        return array_values(array_map(fn(stdClass $row): array => [
            'id' => (int) $row->id,
            'parent' => (int) $row->parent,
            'name' => $row->name,
            'idnumber' => (string) $row->idnumber,
            'visible' => (bool) $row->visible,
        ], $rows));
    }

    /**
     * What every course is called.
     *
     * @return array[]
     */
    private function courses(): array {
        global $DB;
        $copies = [];
        $like = $DB->sql_like('name', ':like');
        $marks = $DB->get_records_select_menu('config_plugins', "plugin = :plugin AND $like",
            ['plugin' => marks::PLUGIN, 'like' => $DB->sql_like_escape(marks::RESTORED) . '%'], '', 'name, value');
        foreach ($marks as $name => $value) {
            $copies[json_decode($value, true)['course'] ?? 0] = substr($name, strlen(marks::RESTORED));
        }
        $courses = [];
        $rows = $DB->get_recordset_select('course', 'category <> 0', null, 'id', 'id, shortname, idnumber');
        foreach ($rows as $row) {
            // What is empty is left out: there may be a hundred thousand of them.
            $courses[] = array_filter([
                'id' => (int) $row->id,
                'shortname' => $row->shortname,
                'idnumber' => (string) $row->idnumber,
                'copy_of' => $copies[$row->id] ?? null,
            ], fn($value): bool => $value !== '' && $value !== null);
        }
        $rows->close();
        return $courses;
    }
};
