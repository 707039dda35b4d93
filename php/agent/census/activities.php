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
 * Recipes: what every activity has, blocks, and what hangs on places.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'course_modules' => [
        'in' => 'id:course_modules',
        'refs' => 'course:course module:modules section:course_sections groupingid:groupings',
        'convert' => ['availability' => 'availability'],
        'skip' => [
            'instance' => 'compared as the activity\'s own row',
            'added' => 'when this row was made',
            'score' => 'unused by Moodle',
            'visibleold' => 'follows visible',
            'deletioninprogress' => 'activities on their way out are not compared',
        ],
        'blank' => 'idnumber lang completiongradeitemnumber completionexpected',
        'needs' => 'activities',
    ],
    'block_instances' => [
        'in' => 'parentcontextid:content_context',
        'key' => 'parentcontextid blockname pagetypepattern defaultregion defaultweight',
        'refs' => 'parentcontextid:content_context',
        'convert' => ['configdata' => 'block'],
        'skip' => ['subpagepattern' => 'the number of a page', 'timecreated' => 'when this row was made',
            'timemodified' => 'when this row was changed'],
        'needs' => 'blocks',
    ],
    // Where blocks of the site stand in a course is backed up nowhere: those blocks are no part of it.
    'block_positions' => [
        'in' => 'blockinstanceid:block_instances',
        'refs' => 'contextid:content_context blockinstanceid:block_instances',
        'skip' => ['subpage' => 'the number of a page'],
        'needs' => 'blocks',
    ],
    'filter_active' => [
        'in' => 'contextid:context',
        'refs' => 'contextid:context',
        'skip' => ['sortorder' => 'decided by the site'],
        'needs' => 'filters',
    ],
    'filter_config' => [
        'in' => 'contextid:context',
        'refs' => 'contextid:context',
        'needs' => 'filters',
    ],
    'role_capabilities' => [
        'in' => 'contextid:context',
        'refs' => 'contextid:context roleid:role',
        'skip' => ['timemodified' => 'when this row was changed', 'modifierid' => 'who restored it'],
    ],
    'contentbank_content' => [
        'in' => 'contextid:content_context',
        'key' => 'contextid name contenttype',
        'refs' => 'contextid:content_context usercreated:user usermodified:user',
        'skip' => ['instanceid' => 'decided by the site', 'timemodified' => 'a restore writes when it ran'],
        'blank' => 'configdata',
        'needs' => 'contentbankcontent',
    ],
    'competency_coursecomp' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course competencyid:competency',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'usermodified' => 'who restored it'],
        'needs' => 'competencies',
    ],
    'competency_coursecompsetting' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'usermodified' => 'who restored it'],
        'needs' => 'competencies',
    ],
    'competency_modulecomp' => [
        'in' => 'cmid:course_modules',
        'refs' => 'cmid:course_modules competencyid:competency',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'usermodified' => 'who restored it'],
        'needs' => 'competencies activities',
    ],
];
