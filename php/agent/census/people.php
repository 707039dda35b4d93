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
 * Recipes: who takes part, and what they have completed, said and earned.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$ofbadge = fn(array $more) => $more + ['in' => 'badgeid:badge', 'refs' => 'badgeid:badge', 'needs' => 'badges activities'];
return [
    'enrol' => [
        'in' => 'courseid:course',
        'key' => 'enrol name roleid',
        'refs' => 'courseid:course roleid:role',
        'extra' => ['place' => '(SELECT COUNT(1) FROM {enrol} pe WHERE pe.courseid = t.courseid AND (pe.sortorder < t.sortorder
            OR pe.sortorder = t.sortorder AND pe.id < t.id))'],
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'sortorder' => 'the place among the methods is compared'],
        'blank' => 'name password cost currency customint1 customint2 customint3 customint4 customint5 customint6 customint7 customint8
            customchar1 customchar2 customchar3 customdec1 customdec2 customtext1 customtext2 customtext3 customtext4',
    ],
    'user_enrolments' => [
        'in' => 'enrolid:enrol',
        'refs' => 'enrolid:enrol userid:user',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'modifierid' => 'who restored it'],
        'users' => true,
    ],
    'role_assignments' => [
        'in' => 'contextid:context',
        'refs' => 'contextid:context roleid:role userid:user',
        'skip' => ['timemodified' => 'when this row was changed', 'modifierid' => 'who restored it', 'sortorder' => 'unused by Moodle',
            'itemid' => 'the number of an enrolment method; its component is compared'],
        'users' => true,
        'needs' => 'role_assignments',
    ],
    'user' => [
        'in' => 'ue.enrolid:enrol',
        'join' => 'JOIN {user_enrolments} ue ON ue.userid = t.id',
        'extra' => ['person' => 't.id'],
        'refs' => 'person:user',
        // An account that was there before is its owner's; what counts is that there is one.
        'only' => 'person deleted',
        'users' => true,
    ],
    'user_lastaccess' => [
        'in' => 'courseid:course',
        'refs' => 'courseid:course userid:user',
        'users' => true,
        'needs' => 'logs',
    ],
    'course_completion_criteria' => [
        'in' => 'course:course',
        'key' => 'course criteriatype module moduleinstance role timeend',
        'refs' => 'course:course moduleinstance:course_modules role:role',
        'skip' => ['courseinstance' => 'the number of another course'],
        'blank' => 'module enrolperiod timeend gradepass',
    ],
    'course_completions' => [
        'in' => 'course:course',
        'refs' => 'course:course userid:user',
        'skip' => ['reaggregate' => 'a flag of the next calculation'],
        'blank' => 'timecompleted timestarted timeenrolled',
        'users' => true,
        'needs' => 'userscompletion',
    ],
    'course_completion_crit_compl' => [
        'in' => 'course:course',
        'refs' => 'course:course userid:user criteriaid:course_completion_criteria',
        'blank' => 'gradefinal unenroled timecompleted',
        'users' => true,
        'needs' => 'userscompletion',
    ],
    'course_modules_completion' => [
        'in' => 'coursemoduleid:course_modules',
        'refs' => 'coursemoduleid:course_modules userid:user overrideby:user',
        'users' => true,
        'needs' => 'userscompletion activities',
    ],
    'course_modules_viewed' => [
        'in' => 'coursemoduleid:course_modules',
        'refs' => 'coursemoduleid:course_modules userid:user',
        'users' => true,
        'needs' => 'userscompletion activities',
    ],
    'comments' => [
        'in' => 'contextid:content_context',
        'refs' => 'contextid:content_context userid:user',
        'choose' => ['itemid' => ['by' => 'component commentarea', 'sets' => [
            'mod_data/database_entry' => 'data_records',
            'mod_glossary/glossary_entry' => 'glossary_entries',
            'assignsubmission_comments/submission_comments' => 'assign_submission',
            'mod_wiki/wiki_page' => 'wiki_pages',
        ]]],
        'users' => true,
        'needs' => 'comments',
    ],
    'rating' => [
        'in' => 'contextid:content_context',
        'refs' => 'contextid:content_context userid:user',
        'choose' => ['itemid' => ['by' => 'component ratingarea', 'sets' => [
            'mod_forum/post' => 'forum_posts',
            'mod_data/entry' => 'data_records',
            'mod_glossary/entry' => 'glossary_entries',
        ]]],
        'convert' => ['scaleid' => 'grade'],
        'users' => true,
    ],
    'tag_instance' => [
        'in' => 'contextid:content_context',
        'refs' => 'contextid:content_context tagid:tag tiuserid:user',
        'choose' => ['itemid' => ['by' => 'component itemtype', 'sets' => [
            'core/course' => 'course',
            'core/course_modules' => 'course_modules',
            'core_question/question' => 'question',
            'core_badges/badge' => 'badge',
            'mod_forum/forum_posts' => 'forum_posts',
            'mod_glossary/glossary_entries' => 'glossary_entries',
            'mod_wiki/wiki_pages' => 'wiki_pages',
            'mod_book/book_chapters' => 'book_chapters',
            'mod_data/data_records' => 'data_records',
        ]]],
        'skip' => ['timecreated' => 'when this row was made',
            'timemodified' => 'when this row was changed', 'ordering' => 'the order among tags'],
    ],
    'badge' => [
        'in' => 'courseid:course',
        'key' => 'name version language',
        'refs' => 'courseid:course usercreated:user usermodified:user',
        'skip' => ['nextcron' => 'the next run', 'timemodified' => 'when this row was changed', 'timecreated' => 'when this row was made',
            'status' => 'a copy of an active badge waits to be activated'],
        'blank' => 'issuercontact imagecaption version language',
        // A restore without activities brings no badges.
        'needs' => 'badges activities',
    ],
    'badge_criteria' => [
        'in' => 'badgeid:badge',
        'key' => 'badgeid criteriatype',
        'refs' => 'badgeid:badge',
        'blank' => 'description',
        'needs' => 'badges activities',
    ],
    'badge_criteria_param' => [
        'in' => 'critid:badge_criteria',
        'join' => 'JOIN {badge_criteria} bc ON bc.id = t.critid',
        'extra' => ['kind' => 'bc.criteriatype'],
        'refs' => 'critid:badge_criteria',
        'convert' => ['name' => 'badge_parameter', 'value' => 'badge_parameter'],
        'needs' => 'badges activities',
    ],
    'badge_endorsement' => $ofbadge(['blank' => 'claimid claimcomment']),
    'badge_alignment' => $ofbadge(['blank' => 'targetdescription targetframework targetcode']),
    'badge_related' => $ofbadge(['refs' => 'badgeid:badge relatedbadgeid:badge']),
    'badge_manual_award' => $ofbadge(['refs' => 'badgeid:badge recipientid:user issuerid:user issuerrole:role', 'users' => true]),
    'badge_issued' => [
        'in' => 'badgeid:badge',
        'key' => 'badgeid userid',
        'refs' => 'badgeid:badge userid:user',
        'skip' => ['uniquehash' => 'made anew', 'issuernotified' => 'whether somebody was told'],
        'blank' => 'dateexpire',
        'users' => true,
        'needs' => 'badges activities',
    ],
    'badge_criteria_met' => [
        'in' => 'critid:badge_criteria',
        'refs' => 'critid:badge_criteria userid:user issuedid:badge_issued',
        'users' => true,
        'needs' => 'badges activities',
    ],
    'competency_usercompcourse' => [
        'in' => 'courseid:course',
        // Rows without a rating are made by whoever looks.
        'when' => 't.grade IS NOT NULL',
        'refs' => 'courseid:course userid:user competencyid:competency',
        'skip' => ['timecreated' => 'when this row was made', 'timemodified' => 'when this row was changed',
            'usermodified' => 'who restored it'],
        'users' => true,
        'needs' => 'competencies',
    ],
];
