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
$customfields = fn(string $component, string $area, string $set, string $needs) => [
    'of' => 'customfield_data',
    'in' => "instanceid:$set",
    'join' => 'JOIN {customfield_field} f ON f.id = t.fieldid JOIN {customfield_category} c ON c.id = f.categoryid',
    'when' => "c.component = '$component' AND c.area = '$area'",
    'refs' => "instanceid:$set fieldid:customfield_field contextid:context",
    'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
        'valuetrust' => 'a flag of the editor'],
    'blank' => 'intvalue decvalue shortcharvalue charvalue value',
    'needs' => $needs,
];
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
            'showcompletionconditions' => 'compared where the course has completion; elsewhere a restore writes the default',
        ],
        'extra' => ['completionconditions' => 'CASE WHEN t.enablecompletion = 0 THEN NULL ELSE t.showcompletionconditions END'],
        'convert' => ['pdfexportfont' => 'font'],
        'blank' => 'theme lang idnumber legacyfiles enddate marker downloadcontent',
    ],
    'course_sections' => [
        'in' => 'course:course',
        // A section of an activity has its number after all others, in an order that a restore turns round: it goes by its activity.
        'key' => 'section itemid',
        'refs' => 'course:course',
        'convert' => ['section' => 'section_number', 'itemid' => 'section_owner', 'sequence' => 'sequence',
            'availability' => 'availability'],
        'skip' => ['timemodified' => 'when this row was changed'],
        'blank' => 'name summary component',
    ],
    'course_format_options' => [
        'in' => 'courseid:course',
        // What is left of a format that the course had before is backed up in part only, and shows nowhere.
        'when' => 't.format = (SELECT fc.format FROM {course} fc WHERE fc.id = t.courseid)',
        'refs' => 'courseid:course sectionid:course_sections',
        'blank' => 'value',
    ],
    'customfield_data' => $customfields('core_course', 'course', 'course', 'customfield'),
    'customfield_data.groups' => $customfields('core_group', 'group', 'groups', 'groups customfield'),
    'customfield_data.groupings' => $customfields('core_group', 'grouping', 'groupings', 'groups customfield'),
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
