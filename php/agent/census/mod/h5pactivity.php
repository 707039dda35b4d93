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
 * Recipes: mod_h5pactivity.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'h5pactivity' => ['in' => 'id:h5pactivity', 'refs' => 'course:course', 'convert' => ['grade' => 'grade']],
    'h5pactivity_attempts' => ['in' => 'h5pactivityid:h5pactivity', 'key' => 'h5pactivityid userid attempt',
        'refs' => 'h5pactivityid:h5pactivity userid:user', 'users' => true],
    'h5pactivity_attempts_results' => ['in' => 'attemptid:h5pactivity_attempts', 'refs' => 'attemptid:h5pactivity_attempts', 'users' => true],
    'xapi_states' => ['in' => 'itemid:content_context', 'when' => "t.component = 'mod_h5pactivity'",
        'refs' => 'itemid:content_context userid:user',
        'skip' => ['stateid' => 'a restore writes that it was restored', 'timemodified' => 'a restore writes when it ran'],
        'blank' => 'statedata registration', 'users' => true, 'needs' => 'xapistate'],
];
