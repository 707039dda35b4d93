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
 * Recipes: groups and groupings.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'groups' => [
        'in' => 'courseid:course',
        'key' => 'name idnumber',
        'refs' => 'courseid:course',
        'skip' => ['picture' => 'the number of a file, which is compared', 'timemodified' => 'when this row was changed',
            'timecreated' => 'when this row was made'],
        'blank' => 'description idnumber enrolmentkey',
        'needs' => 'groups',
    ],
    'groupings' => [
        'in' => 'courseid:course',
        'key' => 'name idnumber',
        'refs' => 'courseid:course',
        'skip' => ['timemodified' => 'when this row was changed', 'timecreated' => 'when this row was made'],
        'blank' => 'description idnumber configdata',
        'needs' => 'groups',
    ],
    'groupings_groups' => [
        'in' => 'groupingid:groupings',
        'refs' => 'groupingid:groupings groupid:groups',
        'skip' => ['timeadded' => 'when this row was made'],
        'needs' => 'groups',
    ],
    'groups_members' => [
        'in' => 'groupid:groups',
        'refs' => 'groupid:groups userid:user',
        'skip' => ['itemid' => 'the number of an enrolment method; its component is compared',
            'timeadded' => 'core dates members anew'],
        'blank' => 'component',
        'users' => true,
        'needs' => 'groups',
    ],
];
