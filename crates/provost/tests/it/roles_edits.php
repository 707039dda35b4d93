<?php
// What somebody does by hand to three roles. Argument: the site's config.php.

define('CLI_SCRIPT', true);
require($argv[1]);
require_once($CFG->libdir . '/accesslib.php');

$system = context_system::instance();
$student = $DB->get_field('role', 'id', ['shortname' => 'student'], MUST_EXIST);
assign_capability('mod/forum:startdiscussion', CAP_PROHIBIT, $student, $system->id, true);

$teacher = $DB->get_field('role', 'id', ['shortname' => 'teacher'], MUST_EXIST);
set_role_contextlevels($teacher, [CONTEXT_COURSE]);

$tutor = create_role('Tutor', 'tutor', 'Helps, and "grades" nobody', '');
set_role_contextlevels($tutor, [CONTEXT_COURSECAT, CONTEXT_COURSE]);
assign_capability('moodle/course:view', CAP_ALLOW, $tutor, $system->id, true);
assign_capability('mod/quiz:grade', CAP_PREVENT, $tutor, $system->id, true);
$manager = $DB->get_field('role', 'id', ['shortname' => 'manager'], MUST_EXIST);
core_role_set_assign_allowed($manager, $tutor);
core_role_set_view_allowed($tutor, $student);
