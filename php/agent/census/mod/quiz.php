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
 * Recipes: mod_quiz.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'quiz' => ['in' => 'id:quiz', 'refs' => 'course:course', 'blank' => 'password subnet'],
    'quiz_grade_items' => ['in' => 'quizid:quiz', 'key' => 'quizid sortorder', 'refs' => 'quizid:quiz'],
    'quiz_slots' => ['in' => 'quizid:quiz', 'key' => 'quizid slot', 'refs' => 'quizid:quiz quizgradeitemid:quiz_grade_items'],
    'quiz_sections' => ['in' => 'quizid:quiz', 'refs' => 'quizid:quiz', 'blank' => 'heading'],
    'quiz_feedback' => ['in' => 'quizid:quiz', 'key' => 'quizid mingrade', 'refs' => 'quizid:quiz'],
    'quiz_overrides' => ['in' => 'quiz:quiz', 'refs' => 'quiz:quiz groupid:groups userid:user', 'users' => true],
    'quiz_grades' => ['in' => 'quiz:quiz', 'refs' => 'quiz:quiz userid:user', 'users' => true],
    'quiz_attempts' => [
        'in' => 'quiz:quiz',
        'when' => 't.preview = 0',
        'key' => 'quiz userid attempt',
        'refs' => 'quiz:quiz userid:user',
        'convert' => ['layout' => 'layout'],
        'skip' => ['uniqueid' => 'compared as the attempts at questions', 'timecheckstate' => 'when the next run looks at it'],
        'users' => true,
    ],
    'quizaccess_seb_quizsettings' => ['in' => 'quizid:quiz', 'refs' => 'quizid:quiz',
        'skip' => array_fill_keys(['cmid', 'templateid', 'usermodified', 'timecreated', 'timemodified'], 'a number or time of the platform')],
];
