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
 * Recipes: grades, outcomes, scales, advanced grading.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$made = ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed'];
$history = ['oldid' => 'a number of the platform', 'source' => 'what wrote it', 'loggeduser' => 'who restored it'];
$ofitem = 'JOIN {grade_items} hi ON hi.id = t.itemid';
$rawscale = ['rawscale' => "CASE WHEN hi.itemtype = 'mod' THEN t.rawscaleid END"];
$skiprawscale = ['rawscaleid' => 'compared for activities; of other items core keeps the number that it had at the source'];
$histories = [
    'of' => 'grade_grades_history',
    'in' => 'itemid:grade_items',
    'extra' => $rawscale,
    'refs' => 'itemid:grade_items userid:user usermodified:user rawscale:scale',
    'skip' => $history + $skiprawscale,
    'blank' => 'feedback information',
    'before' => 'timemodified',
    'users' => true,
    'needs' => 'grade_histories',
];
return [
    'scale' => [
        'in' => 'courseid:course',
        'key' => 'name scale',
        'refs' => 'courseid:course',
        'skip' => ['timemodified' => 'when this row was changed', 'userid' => 'who restored it'],
        'blank' => 'description',
    ],
    'grade_outcomes' => [
        'in' => 'courseid:course',
        'key' => 'shortname fullname',
        'refs' => 'courseid:course scaleid:scale',
        'skip' => $made + ['usermodified' => 'who restored it'],
        'blank' => 'description',
    ],
    'grade_outcomes_courses' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course outcomeid:grade_outcomes',
    ],
    'grade_categories' => [
        'in' => 'courseid:course',
        'key' => 'fullname',
        'tree' => 'parent',
        'refs' => 'courseid:course parent:grade_categories',
        'skip' => $made + ['path' => 'compared as the parent'],
    ],
    'grade_items' => [
        'in' => 'courseid:course',
        'key' => 'itemtype module category itemname itemnumber',
        'extra' => [
            'module' => "CASE WHEN t.itemtype = 'mod' THEN (SELECT cm.id FROM {course_modules} cm JOIN {modules} m ON m.id = cm.module
                WHERE m.name = t.itemmodule AND cm.instance = t.iteminstance) END",
            'category' => "CASE WHEN t.itemtype IN ('category', 'course') THEN t.iteminstance END",
        ],
        'refs' => 'courseid:course categoryid:grade_categories module:course_modules category:grade_categories scaleid:scale
            outcomeid:grade_outcomes',
        'convert' => ['calculation' => 'formula'],
        'skip' => $made + ['iteminstance' => 'the activity or category is compared',
            'needsupdate' => 'a flag of the next calculation', 'locked' => 'when it was locked is set by the restore'],
        'blank' => 'idnumber iteminfo itemname',
    ],
    'grade_letters' => [
        'in' => 'contextid:content_context',
        'refs' => 'contextid:content_context',
    ],
    'grade_settings' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course',
        'when' => "t.name <> 'minmaxtouse'",
    ],
    'grade_grades' => [
        'in' => 'itemid:grade_items',
        // A row that says nothing is made by whatever calculates grades, sooner or later.
        'when' => '(t.rawgrade IS NOT NULL OR t.finalgrade IS NOT NULL OR t.feedback IS NOT NULL OR t.overridden <> 0 OR t.excluded <> 0
            OR t.locked <> 0 OR t.hidden <> 0)',
        'key' => 'itemid userid',
        'join' => $ofitem,
        // Core backs up who gave a grade for activities only: of other items a grader from outside becomes nobody.
        'extra' => $rawscale + ['grader' => "CASE WHEN hi.itemtype = 'mod' THEN t.usermodified END",
            'setter' => "CASE WHEN hi.itemtype = 'mod' THEN NULL ELSE t.usermodified END"],
        'refs' => 'itemid:grade_items userid:user grader:user setter:owner rawscale:scale',
        'skip' => $skiprawscale + ['usermodified' => 'compared as the grader'],
        'blank' => 'feedback information',
        'users' => true,
    ],
    'grade_grades_history' => $histories + ['key' => 'itemid userid timemodified', 'join' => $ofitem, 'when' => "hi.itemtype = 'mod'"],
    'grade_grades_history.course' => $histories + ['join' => $ofitem, 'when' => "hi.itemtype <> 'mod'"],
    'grading_areas' => [
        'in' => 'contextid:content_context',
        'key' => 'contextid component areaname',
        'refs' => 'contextid:content_context',
        'blank' => 'activemethod',
        'needs' => 'activities',
    ],
    'grading_definitions' => [
        'in' => 'areaid:grading_areas',
        'key' => 'areaid method name',
        'refs' => 'areaid:grading_areas',
        'skip' => $made + ['usercreated' => 'who restored it', 'usermodified' => 'who restored it',
            'timecopied' => 'when it was copied', 'copiedfromid' => 'a number of the platform'],
        'blank' => 'description',
        'needs' => 'activities',
    ],
    'gradingform_rubric_criteria' => ['in' => 'definitionid:grading_definitions', 'key' => 'definitionid sortorder description',
        'refs' => 'definitionid:grading_definitions'],
    'gradingform_rubric_levels' => ['in' => 'criterionid:gradingform_rubric_criteria', 'key' => 'criterionid score definition',
        'refs' => 'criterionid:gradingform_rubric_criteria'],
    'gradingform_guide_criteria' => ['in' => 'definitionid:grading_definitions', 'key' => 'definitionid sortorder shortname',
        'refs' => 'definitionid:grading_definitions'],
    'gradingform_guide_comments' => ['in' => 'definitionid:grading_definitions', 'refs' => 'definitionid:grading_definitions'],
];
