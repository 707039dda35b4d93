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
 * What corrupt.php can do to a course. What the census has to say of each is in the test.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

$of = fn(string $table, string $column, string $module) => fn($damage) =>
    $damage->first($table, [$column => $damage->activity($module)->id]);

return [
    'section-missing' => fn($d) => $d->drop('course_sections', $d->first('course_sections', ['course' => $d->course->id, 'section' => 3])),
    'section-renamed' => fn($d) => $d->set('course_sections', $d->first('course_sections', ['course' => $d->course->id, 'section' => 1]),
        ['name' => 'Another week']),
    'section-summary-cut' => fn($d) => $d->set('course_sections', $d->first('course_sections',
        ['course' => $d->course->id, 'section' => 1]), ['summary' => '<p>Of']),
    'course-summary-encoding' => fn($d) => $d->set('course', $d->course, ['summary' => str_replace('ü', '?', $d->course->summary)]),
    'format-option-changed' => function($d) {
        $option = $d->first('course_format_options', ['courseid' => $d->course->id, 'name' => 'coursedisplay']);
        $d->set('course_format_options', $option, ['value' => (string) (1 - (int) $option->value)]);
    },
    'course-dates-moved' => fn($d) => $d->set('course', $d->course, ['startdate' => $d->course->startdate + 86400]),
    'activity-missing' => fn($d) => $d->drop('course_modules', $d->module('url')),
    'activity-moved' => fn($d) => $d->set('course_modules', $d->module('folder'),
        ['section' => $d->first('course_sections', ['course' => $d->course->id, 'section' => 4])->id]),
    'activity-order' => function($d) {
        $section = $d->first('course_sections', ['course' => $d->course->id, 'section' => 1]);
        $d->set('course_sections', $section, ['sequence' => implode(',', array_reverse(explode(',', $section->sequence)))]);
    },
    'activity-hidden' => fn($d) => $d->set('course_modules', $d->module('page'), ['visible' => 0]),
    'activity-twice' => fn($d) => $d->add('label', $d->activity('label'), []) ?? $d->add('course_modules', $d->module('label'),
        ['instance' => $GLOBALS['DB']->get_field('label', 'MAX(id)', ['course' => $d->course->id])]),
    'availability-dropped' => fn($d) => $d->set('course_modules', $d->module('assign'), ['availability' => null]),
    'quiz-time-limit' => fn($d) => $d->set('quiz', $d->activity('quiz'), ['timelimit' => 60]),
    'quiz-password-lost' => fn($d) => $d->set('quiz', $d->activity('quiz'), ['password' => '']),
    'quiz-slot-missing' => fn($d) => $d->drop('quiz_slots', $of('quiz_slots', 'quizid', 'quiz')($d)),
    'page-link-to-old-site' => fn($d) => $d->set('page', $d->activity('page'),
        ['content' => preg_replace('~http://[^/"]+~', 'http://elsewhere.example', $d->activity('page')->content)]),
    'link-to-another-chapter' => function($d) {
        $page = $d->first('page', ['course' => $d->course->id, 'name' => 'Links']);
        $chapter = $d->first('book_chapters', ['bookid' => $d->activity('book')->id]);
        $d->set('page', $page, ['content' => preg_replace('~chapterid=\d+~', "chapterid=$chapter->id", $page->content)]);
    },
    'book-chapter-missing' => fn($d) => $d->drop('book_chapters', $of('book_chapters', 'bookid', 'book')($d)),
    'grade-lost' => fn($d) => $d->drop('grade_grades', $d->row("SELECT g.* FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid
        WHERE i.courseid = ? AND i.itemtype = 'manual' AND g.finalgrade IS NOT NULL ORDER BY g.id", [$d->course->id])),
    'grade-changed' => function($d) {
        $grade = $d->row("SELECT g.* FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid
            WHERE i.courseid = ? AND i.itemtype = 'manual' AND g.finalgrade IS NOT NULL ORDER BY g.id", [$d->course->id]);
        $d->set('grade_grades', $grade, ['finalgrade' => $grade->finalgrade + 0.00001]);
    },
    'grade-feedback-lost' => fn($d) => $d->set('grade_grades', $d->row("SELECT g.* FROM {grade_grades} g JOIN {grade_items} i
        ON i.id = g.itemid WHERE i.courseid = ? AND i.itemtype = 'manual' AND g.feedback IS NOT NULL ORDER BY g.id", [$d->course->id]),
        ['feedback' => null]),
    'grade-weight' => fn($d) => $d->set('grade_items', $d->row("SELECT * FROM {grade_items} WHERE courseid = ?
        AND itemtype = 'mod' AND itemmodule = 'assign'", [$d->course->id]), ['aggregationcoef' => 0.5]),
    'submission-missing' => fn($d) => $d->drop('assign_submission', $of('assign_submission', 'assignment', 'assign')($d)),
    'submission-swapped-user' => function($d) use ($of) {
        $one = $of('assign_submission', 'assignment', 'assign')($d);
        $other = $d->row('SELECT * FROM {assign_submission} WHERE assignment = ? AND id <> ? ORDER BY id', [$one->assignment, $one->id]);
        // By way of nobody: two submissions of one person cannot be.
        $d->set('assign_submission', $one, ['userid' => 999999]);
        $d->set('assign_submission', $other, ['userid' => $one->userid]);
        $d->set('assign_submission', (object) (['userid' => 999999] + (array) $one), ['userid' => $other->userid]);
    },
    'submission-text-cut' => fn($d) => $d->set('assignsubmission_onlinetext', $of('assignsubmission_onlinetext', 'assignment', 'assign')($d),
        ['onlinetext' => '<p>The']),
    'assignment-extension-lost' => fn($d) => $d->drop('assign_user_flags', $of('assign_user_flags', 'assignment', 'assign')($d)),
    'assignment-grade-lost' => fn($d) => $d->drop('assign_grades', $of('assign_grades', 'assignment', 'assign')($d)),
    'attempt-missing' => fn($d) => $d->drop('quiz_attempts', $of('quiz_attempts', 'quiz', 'quiz')($d)),
    'attempt-swapped-user' => fn($d) => $d->set('quiz_attempts', $of('quiz_attempts', 'quiz', 'quiz')($d),
        ['userid' => $d->row('SELECT u.id FROM {user} u WHERE u.deleted = 0 AND u.id NOT IN (SELECT userid FROM {quiz_attempts})
            ORDER BY u.id DESC')->id]),
    'answer-changed' => fn($d) => $d->set('question_attempt_step_data', $d->row("SELECT sd.* FROM {question_attempt_step_data} sd
        JOIN {question_attempt_steps} s ON s.id = sd.attemptstepid JOIN {question_attempts} a ON a.id = s.questionattemptid
        JOIN {quiz_attempts} qa ON qa.uniqueid = a.questionusageid WHERE qa.quiz = ? AND sd.name = 'answer' ORDER BY sd.id",
        [$d->activity('quiz')->id]), ['value' => 'something else']),
    'answer-order-changed' => function($d) {
        $order = $d->row("SELECT sd.* FROM {question_attempt_step_data} sd JOIN {question_attempt_steps} s ON s.id = sd.attemptstepid
            JOIN {question_attempts} a ON a.id = s.questionattemptid JOIN {quiz_attempts} qa ON qa.uniqueid = a.questionusageid
            WHERE qa.quiz = ? AND sd.name = '_order' ORDER BY sd.id", [$d->activity('quiz')->id]);
        $d->set('question_attempt_step_data', $order, ['value' => implode(',', array_reverse(explode(',', $order->value)))]);
    },
    'answer-step-missing' => fn($d) => $d->drop('question_attempt_steps', $d->row('SELECT s.* FROM {question_attempt_steps} s
        JOIN {question_attempts} a ON a.id = s.questionattemptid JOIN {quiz_attempts} qa ON qa.uniqueid = a.questionusageid
        WHERE qa.quiz = ? ORDER BY s.id DESC', [$d->activity('quiz')->id])),
    'question-text-changed' => fn($d) => $d->set('question', $d->row('SELECT q.* FROM {question} q JOIN {question_versions} v
        ON v.questionid = q.id JOIN {question_bank_entries} e ON e.id = v.questionbankentryid JOIN {question_references} r
        ON r.questionbankentryid = e.id JOIN {quiz_slots} s ON s.id = r.itemid WHERE s.quizid = ? ORDER BY q.id',
        [$d->activity('quiz')->id]), ['questiontext' => 'Another question?']),
    'question-author-changed' => fn($d) => $d->set('question', $d->row('SELECT q.* FROM {question} q JOIN {question_versions} v
        ON v.questionid = q.id JOIN {question_references} r ON r.questionbankentryid = v.questionbankentryid
        JOIN {quiz_slots} s ON s.id = r.itemid WHERE s.quizid = ? ORDER BY q.id', [$d->activity('quiz')->id]),
        ['createdby' => $d->another(0)]),
    'random-questions-elsewhere' => function($d) {
        $slot = $d->row('SELECT r.* FROM {question_set_references} r JOIN {quiz_slots} s ON s.id = r.itemid JOIN {quiz} q ON q.id = s.quizid
            WHERE q.course = ? ORDER BY r.id', [$d->course->id]);
        $filter = json_decode($slot->filtercondition, true);
        $filter['filter']['category']['values'] = [$d->row("SELECT c.* FROM {question_categories} c JOIN {question_categories} b
            ON b.contextid = c.contextid WHERE b.id = ? AND c.name = 'Chapter 1'", $filter['filter']['category']['values'])->id];
        $d->set('question_set_references', $slot, ['filtercondition' => json_encode($filter)]);
    },
    'question-right-answer' => fn($d) => $d->set('question_answers', $d->row("SELECT a.* FROM {question_answers} a JOIN {question} q
        ON q.id = a.question JOIN {question_versions} v ON v.questionid = q.id JOIN {question_references} r
        ON r.questionbankentryid = v.questionbankentryid JOIN {quiz_slots} s ON s.id = r.itemid
        WHERE s.quizid = ? AND a.fraction = 1 ORDER BY a.id", [$d->activity('quiz')->id]), ['fraction' => 0]),
    'post-missing' => fn($d) => $d->drop('forum_posts', $d->row('SELECT p.* FROM {forum_posts} p JOIN {forum_discussions} d
        ON d.id = p.discussion WHERE d.course = ? AND p.parent <> 0 ORDER BY p.id', [$d->course->id])),
    'post-swapped-user' => function($d) {
        $post = $d->row('SELECT p.* FROM {forum_posts} p JOIN {forum_discussions} d ON d.id = p.discussion
            WHERE d.course = ? AND p.parent <> 0 ORDER BY p.id', [$d->course->id]);
        $d->set('forum_posts', $post, ['userid' => $d->another($post->userid)]);
    },
    'post-text-changed' => fn($d) => $d->set('forum_posts', $d->row('SELECT p.* FROM {forum_posts} p JOIN {forum_discussions} d
        ON d.id = p.discussion WHERE d.course = ? AND p.parent <> 0 ORDER BY p.id', [$d->course->id]), ['message' => 'Nothing']),
    'rating-lost' => fn($d) => $d->drop('rating', $d->row("SELECT r.* FROM {rating} r JOIN {context} c ON c.id = r.contextid
        JOIN {course_modules} m ON m.id = c.instanceid WHERE r.component = 'mod_forum' AND c.contextlevel = 70 AND m.course = ?
        ORDER BY r.id", [$d->course->id])),
    'comment-lost' => fn($d) => $d->drop('comments', $d->row("SELECT r.* FROM {comments} r JOIN {context} c ON c.id = r.contextid
        JOIN {course_modules} m ON m.id = c.instanceid WHERE r.component = 'mod_data' AND c.contextlevel = 70 AND m.course = ?
        ORDER BY r.id", [$d->course->id])),
    'completion-lost' => fn($d) => $d->drop('course_modules_completion',
        $d->first('course_modules_completion', ['coursemoduleid' => $d->module('page')->id])),
    'course-completion-undone' => fn($d) => $d->set('course_completions', $d->row('SELECT * FROM {course_completions} WHERE course = ?
        AND timecompleted IS NOT NULL ORDER BY id', [$d->course->id]), ['timecompleted' => null]),
    'enrolment-lost' => fn($d) => $d->drop('user_enrolments', $d->row("SELECT ue.* FROM {user_enrolments} ue JOIN {enrol} e
        ON e.id = ue.enrolid WHERE e.courseid = ? AND e.enrol = 'manual' ORDER BY ue.id", [$d->course->id])),
    'enrolment-suspended' => fn($d) => $d->set('user_enrolments', $d->row("SELECT ue.* FROM {user_enrolments} ue JOIN {enrol} e
        ON e.id = ue.enrolid WHERE e.courseid = ? AND e.enrol = 'manual' AND ue.status = 0 ORDER BY ue.id", [$d->course->id]), ['status' => 1]),
    'role-lost' => fn($d) => $d->drop('role_assignments', $d->first('role_assignments', ['contextid' => $d->context])),
    'role-risen' => fn($d) => $d->set('role_assignments', $d->row("SELECT ra.* FROM {role_assignments} ra JOIN {role} r ON r.id = ra.roleid
        WHERE ra.contextid = ? AND r.shortname = 'student' ORDER BY ra.id", [$d->context]),
        ['roleid' => $d->first('role', ['shortname' => 'manager'])->id]),
    'account-deleted' => fn($d) => $d->set('user', $d->row("SELECT u.* FROM {user} u JOIN {user_enrolments} ue ON ue.userid = u.id
        JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid = ? ORDER BY u.id", [$d->course->id]), ['deleted' => 1]),
    'group-member-lost' => fn($d) => $d->drop('groups_members', $d->row('SELECT m.* FROM {groups_members} m JOIN {groups} g
        ON g.id = m.groupid WHERE g.courseid = ? ORDER BY m.id', [$d->course->id])),
    'group-renamed' => fn($d) => $d->set('groups', $d->first('groups', ['courseid' => $d->course->id]), ['name' => 'Green']),
    'group-field-lost' => fn($d) => $d->drop('customfield_data', $d->row("SELECT t.* FROM {customfield_data} t JOIN {customfield_field} f
        ON f.id = t.fieldid JOIN {groups} g ON g.id = t.instanceid WHERE f.shortname = 'shade' AND g.courseid = ? ORDER BY t.id",
        [$d->course->id])),
    'grouping-emptied' => fn($d) => $d->drop('groupings_groups', $d->row('SELECT m.* FROM {groupings_groups} m JOIN {groupings} g
        ON g.id = m.groupingid WHERE g.courseid = ? ORDER BY m.id', [$d->course->id])),
    'block-lost' => fn($d) => $d->drop('block_instances', $d->first('block_instances', ['parentcontextid' => $d->context,
        'blockname' => 'html'])),
    'block-text-changed' => fn($d) => $d->set('block_instances', $d->first('block_instances', ['parentcontextid' => $d->context,
        'blockname' => 'html']), ['configdata' => base64_encode(serialize((object) ['title' => 'x', 'text' => 'y', 'format' => 1]))]),
    'permission-lost' => fn($d) => $d->drop('role_capabilities', $d->first('role_capabilities', ['contextid' => $d->context])),
    'calendar-event-lost' => fn($d) => $d->drop('event', $d->first('event', ['courseid' => $d->course->id, 'eventtype' => 'course'])),
    'tag-lost' => fn($d) => $d->drop('tag_instance', $d->first('tag_instance', ['contextid' => $d->context, 'itemtype' => 'course'])),
    'badge-lost' => fn($d) => $d->drop('badge', $d->first('badge', ['courseid' => $d->course->id])),
    'badge-condition-changed' => fn($d) => $d->set('badge_criteria_param', $d->row("SELECT p.* FROM {badge_criteria_param} p
        JOIN {badge_criteria} c ON c.id = p.critid JOIN {badge} b ON b.id = c.badgeid WHERE b.courseid = ? AND p.name LIKE 'module%'",
        [$d->course->id]), ['value' => $d->module('url')->id]),
    'tool-setting-changed' => fn($d) => $d->set('lti_types_config', $d->row("SELECT c.* FROM {lti_types_config} c JOIN {lti_types} t
        ON t.id = c.typeid WHERE t.course = ? AND c.name = 'customparameters'", [$d->course->id]), ['value' => 'a=c']),
    'glossary-entry-lost' => fn($d) => $d->drop('glossary_entries', $of('glossary_entries', 'glossaryid', 'glossary')($d)),
    'choice-answer-changed' => function($d) use ($of) {
        $answer = $of('choice_answers', 'choiceid', 'choice')($d);
        $d->set('choice_answers', $answer, ['optionid' => $d->row('SELECT id FROM {choice_options} WHERE choiceid = ? AND id <> ?',
            [$answer->choiceid, $answer->optionid])->id]);
    },
    'wiki-version-lost' => fn($d) => $d->drop('wiki_versions', $d->row('SELECT v.* FROM {wiki_versions} v JOIN {wiki_pages} p
        ON p.id = v.pageid JOIN {wiki_subwikis} s ON s.id = p.subwikiid WHERE s.wikiid = ? ORDER BY v.id DESC', [$d->activity('wiki')->id])),
    'log-rows-lost' => fn($d) => $d->drop('logstore_standard_log', $d->row("SELECT * FROM {logstore_standard_log} WHERE courseid = ?
        AND eventname LIKE '%course_module_viewed' ORDER BY id", [$d->course->id])),
    'file-missing' => fn($d) => $d->drop('files', $d->file('mod_folder', 'content')),
    'file-truncated' => fn($d) => $d->content($d->file('mod_resource', 'content'), fn($content) => substr($content, 0, -1)),
    'file-one-bit' => fn($d) => $d->content($d->file('assignsubmission_file', 'submission_files'),
        fn($content) => chr(ord($content[0]) ^ 1) . substr($content, 1)),
    'file-content-gone' => fn($d) => $d->content($d->file('mod_forum', 'attachment'), fn($content) => null),
    'file-swapped' => function($d) {
        $file = $d->file('mod_resource', 'content');
        $other = $d->file('course', 'section');
        $d->set('files', $file, ['contenthash' => $other->contenthash, 'filesize' => $other->filesize]);
    },
    'file-owner-changed' => function($d) {
        $file = $d->file('assignsubmission_file', 'submission_files');
        $d->set('files', $file, ['userid' => $d->another((int) $file->userid)]);
    },
    'file-licence-changed' => fn($d) => $d->set('files', $d->file('mod_page', 'content'), ['license' => 'allrightsreserved']),
    'file-author-lost' => fn($d) => $d->set('files', $d->file('mod_page', 'content'), ['author' => null]),
    'alias-elsewhere' => function($d) {
        $alias = $d->row("SELECT r.* FROM {files_reference} r JOIN {files} f ON f.referencefileid = r.id JOIN {context} c ON c.id = f.contextid
            JOIN {course_modules} m ON m.id = c.instanceid WHERE c.contextlevel = 70 AND m.course = ?", [$d->course->id]);
        $storage = get_file_storage();
        $to = ['filename' => 'another.png'] + $storage::unpack_reference($alias->reference);
        $d->set('files_reference', $alias, ['reference' => $storage::pack_reference($to)]);
    },
    'file-renamed' => fn($d) => $d->set('files', $d->file('mod_folder', 'content'), ['filename' => 'renamed.txt']),
    'file-of-another-submission' => function($d) {
        $file = $d->file('assignsubmission_file', 'submission_files');
        $d->set('files', $file, ['itemid' => $d->row('SELECT id FROM {assign_submission} WHERE assignment = ? AND id <> ?',
            [$d->activity('assign')->id, $file->itemid])->id]);
    },
];
