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


use provost\archive\recordsets;
use provost\census;
use provost\operation;
use provost\task;

/**
 * Counts and digests what a course is made of, so that a copy on another platform can be compared. Nothing is changed.
 *
 * Parameters: course (its number), side (source or target), user_key (username, email or idnumber), user_table (a map: a user's name here to
 * the one at the other end), conditions (a map of the backup's settings), columns (a map: table to the columns that are to be used),
 * logs_before (a time; rows of the log from then on do not count), log_people (whether the backup takes along whom its rows of the log name),
 * without_notice (whether the notice that archive.finish writes does not count), users_file (the path of the backup's users.xml, at the
 * source).
 *
 * Answer: schema, moodle, course, shortname, tables (a map: rows, digest, columns), not_compared (a list of component and what),
 * changes_since (at the source: changes from logs_before on), unrest (a list of words), files, bytes, missing_contents (a list of SHA-1).
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
        // Only here: the agents that count nothing do without.
        require_once(__DIR__ . '/../archive/recordsets.php');
        require_once(__DIR__ . '/../census/census.php');
        recordsets::of_course((int) ($params['course'] ?? 0));
        return (new census($params, $task))->answer();
    }
};
