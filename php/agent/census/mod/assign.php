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
 * Recipes: mod_assign.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'assign' => [
        'in' => 'id:assign',
        'refs' => 'course:course teamsubmissiongroupingid:groupings',
        'convert' => ['grade' => 'grade'],
        'skip' => ['nosubmissions' => 'computed from the settings of its plugins, which are compared'],
    ],
    'assign_plugin_config' => [
        'in' => 'assignment:assign',
        'refs' => 'assignment:assign',
    ],
    'assign_submission' => [
        'in' => 'assignment:assign',
        'key' => 'assignment userid groupid attemptnumber',
        'refs' => 'assignment:assign userid:user groupid:groups',
        'blank' => 'timestarted',
        'users' => true,
    ],
    'assign_grades' => [
        'in' => 'assignment:assign',
        'key' => 'assignment userid attemptnumber',
        'refs' => 'assignment:assign userid:user grader:user',
        'users' => true,
    ],
    'assign_user_flags' => [
        'in' => 'assignment:assign',
        'refs' => 'assignment:assign userid:user allocatedmarker:user',
        'blank' => 'workflowstate',
        'users' => true,
    ],
    'assign_user_mapping' => [
        'in' => 'assignment:assign',
        'refs' => 'assignment:assign userid:user',
        'users' => true,
    ],
    'assign_overrides' => [
        'in' => 'assignid:assign',
        'refs' => 'assignid:assign groupid:groups userid:user',
        'users' => true,
    ],
    'assignsubmission_file' => ['in' => 'assignment:assign', 'refs' => 'assignment:assign submission:assign_submission', 'users' => true],
    'assignsubmission_onlinetext' => ['in' => 'assignment:assign', 'refs' => 'assignment:assign submission:assign_submission',
        'users' => true],
    'assignfeedback_comments' => ['in' => 'assignment:assign', 'refs' => 'assignment:assign grade:assign_grades', 'users' => true],
    'assignfeedback_file' => ['in' => 'assignment:assign', 'refs' => 'assignment:assign grade:assign_grades', 'users' => true],
    'assignfeedback_editpdf_cmnt' => ['in' => 'gradeid:assign_grades', 'refs' => 'gradeid:assign_grades', 'users' => true],
    'assignfeedback_editpdf_annot' => ['in' => 'gradeid:assign_grades', 'refs' => 'gradeid:assign_grades', 'users' => true],
    'assignfeedback_editpdf_rot' => ['in' => 'gradeid:assign_grades', 'refs' => 'gradeid:assign_grades', 'users' => true],
];
