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
 * Recipes: the course, its sections, what is declared about it.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'course' => [
        'in' => 'id:course',
        'refs' => 'defaultgroupingid:groupings',
        'skip' => [
            'category' => 'the place is compared by whoever placed it',
            'sortorder' => 'the order within the category',
            'visible' => 'the copy is hidden until it is whole',
            'visibleold' => 'follows visible',
            'timecreated' => 'when this row was made',
            'timemodified' => 'when this row was changed',
            'cacherev' => 'a counter of caches',
            'originalcourseid' => 'where a copy came from',
            'calendartype' => 'core backs it up nowhere; it only decides how dates look',
        ],
        'blank' => 'theme lang idnumber legacyfiles enddate marker pdfexportfont downloadcontent',
    ],
    'course_sections' => [
        'in' => 'course:course',
        'key' => 'section',
        'refs' => 'course:course',
        'convert' => ['sequence' => 'sequence', 'availability' => 'availability'],
        'skip' => ['timemodified' => 'when this row was changed', 'itemid' => 'compared as the section\'s activity'],
        'blank' => 'name summary component',
    ],
    'course_format_options' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course sectionid:course_sections',
        'blank' => 'value',
    ],
    'customfield_data' => [
        'in' => 'instanceid:course',
        'join' => "JOIN {customfield_field} f ON f.id = t.fieldid JOIN {customfield_category} c ON c.id = f.categoryid",
        'when' => "c.component = 'core_course' AND c.area = 'course'",
        'refs' => 'instanceid:course fieldid:customfield_field contextid:context',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'valuetrust' => 'a flag of the editor'],
        'blank' => 'intvalue decvalue shortcharvalue charvalue value',
        'needs' => 'customfield',
    ],
    'role_names' => [
        'in' => 'contextid:context',
        'refs' => 'contextid:context roleid:role',
    ],
    'course_completion_aggr_methd' => [
        'in' => 'course:course',
        'refs' => 'course:course',
        'blank' => 'criteriatype value',
    ],
    'course_completion_defaults' => [
        'in' => 'course:course',
        'refs' => 'course:course module:modules',
        'blank' => 'customrules',
    ],
];
