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
 * Recipes: attempts at questions, and the fillings of advanced grading.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'question_usages' => [
        'in' => 'qa.id:quiz_attempts',
        'join' => 'JOIN {quiz_attempts} qa ON qa.uniqueid = t.id',
        'extra' => ['attempt' => 'qa.id'],
        'key' => 'attempt',
        'refs' => 'attempt:quiz_attempts contextid:content_context',
        'users' => true,
    ],
    'question_attempts' => [
        'in' => 'questionusageid:question_usages',
        'key' => 'questionusageid slot',
        'refs' => 'questionusageid:question_usages questionid:question',
        'users' => true,
    ],
    'question_attempt_steps' => [
        'in' => 'questionattemptid:question_attempts',
        'key' => 'questionattemptid sequencenumber',
        'refs' => 'questionattemptid:question_attempts userid:user',
        'users' => true,
    ],
    'question_attempt_step_data' => [
        'in' => 'attemptstepid:question_attempt_steps',
        'join' => 'JOIN {question_attempt_steps} ds ON ds.id = t.attemptstepid JOIN {question_attempts} da ON da.id = ds.questionattemptid
            LEFT JOIN {question} dq ON dq.id = da.questionid',
        'extra' => ['qtype' => 'dq.qtype'],
        'refs' => 'attemptstepid:question_attempt_steps',
        'convert' => ['name' => 'step_name', 'value' => 'step_value'],
        'skip' => ['qtype' => 'compared as the question\'s own row'],
        'users' => true,
    ],
    'grading_instances' => [
        'in' => 'definitionid:grading_definitions',
        'key' => 'definitionid item timemodified',
        'extra' => ['item' => 't.itemid'],
        'refs' => 'definitionid:grading_definitions raterid:user item:assign_grades',
        'skip' => ['itemid' => 'the submission is compared'],
        'blank' => 'feedback',
        'users' => true,
        'needs' => 'activities',
    ],
    'gradingform_rubric_fillings' => [
        'in' => 'instanceid:grading_instances',
        'refs' => 'instanceid:grading_instances criterionid:gradingform_rubric_criteria levelid:gradingform_rubric_levels',
        'blank' => 'remark',
        'users' => true,
    ],
    'gradingform_guide_fillings' => [
        'in' => 'instanceid:grading_instances',
        'refs' => 'instanceid:grading_instances criterionid:gradingform_guide_criteria',
        'blank' => 'remark',
        'users' => true,
    ],
];
