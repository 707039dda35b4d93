<?php
// Brings back the grades that people in a course had before they were enrolled again
// param course text: The course's short name
// writes
// confirm: Bring back the grades of everybody in this course?

defined('MOODLE_INTERNAL') || die();
require_once("$CFG->libdir/gradelib.php");
$course = $DB->get_record('course', ['shortname' => $params['course']], 'id', MUST_EXIST);
$people = get_enrolled_users(context_course::instance($course->id), '', 0, 'u.id');
$found = array_filter($people, fn(stdClass $user): bool => (bool) grade_recover_history_grades($user->id, $course->id));
echo count($found) . ' of ' . count($people) . " people have grades of before again\n";
