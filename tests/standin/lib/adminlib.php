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

/**
 * What administrators do.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Whether texts of a table, or of a column, may be replaced.
 *
 * @param string $table
 * @param string $column
 * @return bool
 */
function db_should_replace($table, $column = '') {
    return !in_array($table, ['config', 'config_plugins']) && !preg_match('/(^|_)logs?($|_)/', $table) && !preg_match('/hash$/', $column);
}

/**
 * Has every page answered with the page of maintenance.
 */
function enable_cli_maintenance_mode() {
    global $CFG;
    file_put_contents("$CFG->dataroot/climaintenance.html", '<p>This site is undergoing maintenance.</p>');
}

/**
 * Forgets what is remembered of courses: nothing is, here.
 *
 * @param int $courseid
 * @param bool $clearonly
 */
function rebuild_course_cache($courseid = 0, $clearonly = false) {
}
