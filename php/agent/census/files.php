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

use provost\census_recipe;

/**
 * Recipes: every file, and every date of the calendar, with who owns it.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$sets = [];
foreach ([
    'mod_forum/post mod_forum/attachment' => 'forum_posts',
    'mod_glossary/entry mod_glossary/attachment' => 'glossary_entries',
    'mod_data/content' => 'data_content',
    'mod_book/chapter' => 'book_chapters',
    'mod_feedback/item' => 'feedback_item',
    'mod_lesson/page_contents' => 'lesson_pages',
    'mod_lesson/page_answers mod_lesson/page_responses' => 'lesson_answers',
    'mod_lesson/essay_responses mod_lesson/essay_answers' => 'lesson_attempts',
    'mod_wiki/attachments' => 'wiki_subwikis',
    'mod_quiz/feedback' => 'quiz_feedback',
    'mod_workshop/submission_content mod_workshop/submission_attachment' => 'workshop_submissions',
    'mod_workshop/overallfeedback_content mod_workshop/overallfeedback_attachment' => 'workshop_assessments',
    'assignsubmission_file/submission_files assignsubmission_onlinetext/submissions_onlinetext' => 'assign_submission',
    'assignfeedback_file/feedback_files assignfeedback_comments/feedback assignfeedback_editpdf/download
        assignfeedback_editpdf/readonlypages assignfeedback_editpdf/stamps'
        => 'assign_grades',
    'course/section' => 'course_sections',
    'group/icon group/description' => 'groups',
    'grouping/description' => 'groupings',
    'grade/feedback' => 'grade_grades',
    'grade/historyfeedback' => 'grade_grades_history',
    'grade/outcome' => 'grade_outcomes',
    'grade/scale' => 'scale',
    'grading/description' => 'grading_definitions',
    'badges/badgeimage' => 'badge',
    'contentbank/public' => 'contentbank_content',
    'calendar/event_description' => 'event',
    'question/questiontext question/generalfeedback question/correctfeedback question/partiallycorrectfeedback question/incorrectfeedback
        qtype_essay/graderinfo qtype_ddimageortext/bgimage qtype_ddmarker/bgimage qtype_ddimageortext/correctfeedback' => 'question',
    'question/answer question/answerfeedback' => 'question_answers',
    'question/hint' => 'question_hints',
    'qtype_match/subquestion' => 'qtype_match_subquestions',
    'qtype_ddimageortext/dragimage' => 'qtype_ddimageortext_drags',
    'question/response_attachments question/response_answer question/response_bf_comment' => 'question_attempt_steps',
] as $areas => $set) {
    foreach (preg_split('/\s+/', $areas) as $area) {
        $sets[$area] = $set;
    }
}
// Of these areas the number is a revision or nothing, or its owner is not compared by name.
foreach (['mod_resource/content', 'mod_folder/content', 'mod_page/content', 'mod_imscp/content', 'mod_imscp/backup', 'mod_scorm/content',
    'mod_h5pactivity/content'] as $area) {
    $sets[$area] = 'revision';
}
$file = [
    'of' => 'files',
    'in' => 'contextid:context',
    'refs' => 'contextid:context userid:owner',
    'choose' => ['itemid' => ['by' => 'component filearea', 'sets' => $sets]],
    'needs' => 'files',
];
return [
    'event' => [
        'key' => 'name eventtype timestart',
        'in' => 'courseid:course',
        // Dates of activities follow from the activities.
        'when' => "(t.modulename IS NULL OR t.modulename IN ('0', ''))",
        'refs' => 'courseid:course groupid:groups userid:owner',
        'skip' => ['timemodified' => 'when this row was changed', 'uuid' => 'made anew', 'subscriptionid' => 'the number of a subscription',
            'repeatid' => 'the number of the first one', 'instance' => 'the number of an activity', 'categoryid' => 'of no course',
            'sequence' => 'a counter'],
        'blank' => 'modulename component location description priority',
        'needs' => 'calendarevents',
    ],
    'files' => $file + [
        'when' => "filename <> '.' AND " . census_recipe::FILES,
        'extra' => ['reference' => '(SELECT fr.reference FROM {files_reference} fr WHERE fr.id = t.referencefileid)'],
        'convert' => ['reference' => 'reference'],
        'skip' => ['pathnamehash' => 'a digest of numbers of the platform', 'referencefileid' => 'what it refers to is compared',
            'timecreated' => 'core dates files anew', 'timemodified' => 'core dates files anew'],
        'blank' => 'source author license mimetype',
    ],
    'files.directories' => $file + [
        'when' => "filename = '.' AND filepath <> '/' AND " . census_recipe::FILES,
        'skip' => array_fill_keys(['pathnamehash', 'userid', 'author', 'license', 'source', 'timecreated', 'timemodified', 'sortorder',
            'referencefileid', 'status', 'mimetype'], 'of a directory only its place is compared'),
    ],
];
