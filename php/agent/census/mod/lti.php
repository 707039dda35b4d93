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
 * Recipes: mod_lti.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'lti' => ['in' => 'id:lti', 'refs' => 'course:course typeid:lti_types', 'convert' => ['grade' => 'grade'],
        'skip' => ['servicesalt' => 'a secret of the activity'], 'blank' => 'resourcekey password'],
    'lti_types' => ['in' => 'course:course', 'key' => 'name baseurl', 'refs' => 'course:course createdby:user',
        'skip' => ['clientid' => 'made anew', 'toolproxyid' => 'the tools of a course have none'],
        'blank' => 'enabledcapability parameter icon secureicon description'],
    'lti_types_config' => ['in' => 'typeid:lti_types', 'refs' => 'typeid:lti_types', 'convert' => ['value' => 'tool_setting']],
    'lti_submission' => ['in' => 'ltiid:lti', 'refs' => 'ltiid:lti userid:user', 'users' => true],
];
