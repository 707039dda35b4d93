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
 * Compares the database with what the code declares, as admin/cli/check_database_schema.php does.
 *
 * Answer: differences, a list of texts "table: what is wrong", at most LONGEST of them; count, how many there are.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var int The longest list of differences: a wrong database has one for each table and column. */
    private const LONGEST = 1000;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        $manager = $DB->get_manager();
        $task->progress(0, null, 'reading what the code declares');
        $schema = $manager->get_install_xml_schema();
        $task->progress(0, null, 'comparing the database with it');
        $differences = [];
        foreach ($manager->check_database_schema($schema) as $table => $items) {
            foreach ($items as $item) {
                $differences[] = "$table: $item";
            }
        }
        return ['differences' => array_slice($differences, 0, self::LONGEST), 'count' => count($differences)];
    }
};
