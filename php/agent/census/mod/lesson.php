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
 * Recipes: mod_lesson.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'lesson' => ['in' => 'id:lesson', 'refs' => 'course:course dependency:lesson activitylink:course_modules', 'convert' => ['grade' => 'grade']],
    'lesson_pages' => ['in' => 'lessonid:lesson', 'key' => 'lessonid title qtype timecreated',
        'refs' => 'lessonid:lesson prevpageid:lesson_pages nextpageid:lesson_pages'],
    'lesson_answers' => ['in' => 'lessonid:lesson', 'key' => 'pageid answer jump timecreated',
        'extra' => ['jump' => 'CASE WHEN t.jumpto > 0 THEN 1 ELSE t.jumpto END', 'to_page' => 'CASE WHEN t.jumpto > 0 THEN t.jumpto END'],
        'refs' => 'lessonid:lesson pageid:lesson_pages to_page:lesson_pages', 'skip' => ['jumpto' => 'the page is compared'],
        'blank' => 'answer response'],
    'lesson_attempts' => ['in' => 'lessonid:lesson', 'key' => 'pageid userid retry timeseen',
        'refs' => 'lessonid:lesson pageid:lesson_pages answerid:lesson_answers userid:user',
        'skip' => ['useranswer' => 'may hold numbers of answers; the answer is compared'], 'users' => true],
    'lesson_grades' => ['in' => 'lessonid:lesson', 'refs' => 'lessonid:lesson userid:user', 'users' => true],
    'lesson_timer' => ['in' => 'lessonid:lesson', 'refs' => 'lessonid:lesson userid:user', 'users' => true],
    'lesson_branch' => ['in' => 'lessonid:lesson', 'refs' => 'lessonid:lesson userid:user pageid:lesson_pages nextpageid:lesson_pages',
        'users' => true],
    'lesson_overrides' => ['in' => 'lessonid:lesson', 'refs' => 'lessonid:lesson groupid:groups userid:user', 'users' => true],
];
