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
 * Empties all caches, and gives themes, scripts and templates new revisions, so that browsers fetch them anew: what a change of code
 * without a change of version needs.
 *
 * Parameters: dry (whether nothing is done). Answer: themerev, the theme's revision afterwards; and see rows.php.
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
        $rows = new rows(['caches', 'theme_revision']);
        $before = $this->revision();
        if (!empty($params['dry'])) {
            $rows->change('purged', null);
            return ['themerev' => $before] + $rows->answer();
        }
        purge_all_caches();
        $task->effect('caches purged');
        $after = $this->revision();
        if ($after === $before) {
            throw new failure('read_back', "Caches were purged, and the theme has the revision $before as before");
        }
        $rows->change('purged', $after);
        return ['themerev' => $after] + $rows->answer();
    }

    /**
     * The theme's revision, from the database itself.
     *
     * @return string|null
     */
    private function revision(): ?string {
        global $DB;
        $value = $DB->get_field('config', 'value', ['name' => 'themerev']);
        return $value === false ? null : $value;
    }
};
