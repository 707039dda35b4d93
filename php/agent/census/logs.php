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
 * Recipes: the log.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$log = [
    'of' => 'logstore_standard_log',
    'refs' => 'contextid:content_context relateduserid:user realuserid:user userid:user courseid:course',
    'skip' => [
        'objectid' => 'the number of something that may be gone',
        'other' => 'holds numbers of many kinds',
        'contextinstanceid' => 'compared as the context',
        'origin' => 'core backs it up nowhere',
    ],
    'users' => true,
    'needs' => 'logs',
];
return [
    'logstore_standard_log' => $log + ['in' => 'contextid:content_context'],
    'logstore_standard_log.strangers' => $log + ['in' => 'courseid:course'],
];
