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
 * Recipes: mod_bigbluebuttonbn.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'bigbluebuttonbn' => ['in' => 'id:bigbluebuttonbn', 'refs' => 'course:course',
        'skip' => array_fill_keys(['meetingid', 'moderatorpass', 'viewerpass', 'guestlinkuid', 'guestpassword'], 'made anew')],
    'bigbluebuttonbn_logs' => ['in' => 'bigbluebuttonbnid:bigbluebuttonbn',
        'refs' => 'courseid:course bigbluebuttonbnid:bigbluebuttonbn userid:user', 'blank' => 'meta',
        'skip' => ['meetingid' => 'holds the number of the activity'], 'users' => true],
    'bigbluebuttonbn_recordings' => ['in' => 'bigbluebuttonbnid:bigbluebuttonbn',
        'refs' => 'courseid:course bigbluebuttonbnid:bigbluebuttonbn groupid:groups', 'blank' => 'importeddata',
        'skip' => ['usermodified' => 'who restored it', 'timemodified' => 'when this row was changed'], 'users' => true],
];
