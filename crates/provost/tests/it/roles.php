<?php
// Makes roles through Moodle's own APIs, as a person would, and a course where somebody has one of them.
//
//     PROVOST_SITE=hugo php roles.php /path/to/build/config.php
//
// `tutor` has something of everything, `helper` and `tutor` may assign each other, `visitor` is like the role of everybody who is logged in.

[, $config] = $argv;
define('CLI_SCRIPT', true);
$_SERVER['argv'] = $argv = [__FILE__];
require($config);
require_once("$CFG->libdir/phpunit/classes/util.php");
require_once("$CFG->dirroot/course/lib.php");
\core\session\manager::set_user(get_admin());

// A capability of a plugin that the other site has not.
$DB->insert_record('capabilities', ['name' => 'local/paid:use', 'captype' => 'write', 'contextlevel' => CONTEXT_COURSE,
    'component' => 'local_paid', 'riskbitmask' => 0]);
cache::make('core', 'capabilities')->purge();

$system = context_system::instance();
$id = fn(string $shortname): int => (int) $DB->get_field('role', 'id', ['shortname' => $shortname], MUST_EXIST);
$tutor = create_role('Tuteur & “ami” <é>', 'tutor', '<p>Grüße &amp; "quotes"</p>', 'teacher');
$helper = create_role('Helper', 'helper', '', '');
$visitor = create_role('Visitor', 'visitor', '', 'user');
set_role_contextlevels($tutor, [CONTEXT_COURSE, CONTEXT_MODULE]);
set_role_contextlevels($helper, [CONTEXT_COURSECAT]);
$permissions = ['moodle/course:viewhiddencourses' => CAP_ALLOW, 'mod/forum:replypost' => CAP_PREVENT, 'mod/quiz:attempt' => CAP_PROHIBIT,
    'mod/assign:grade' => CAP_ALLOW, 'local/paid:use' => CAP_ALLOW];
foreach ($permissions as $capability => $permission) {
    assign_capability($capability, $permission, $tutor, $system->id);
}
core_role_set_assign_allowed($tutor, $id('student'));
core_role_set_assign_allowed($tutor, $helper);
core_role_set_assign_allowed($helper, $tutor);
core_role_set_override_allowed($tutor, $tutor);
core_role_set_switch_allowed($tutor, $id('student'));
core_role_set_view_allowed($tutor, $id('teacher'));

$made = phpunit_util::get_data_generator();
$course = $made->create_course(['shortname' => 'a1', 'fullname' => 'Tutored']);
$user = $made->create_user(['username' => 'anna']);
$made->enrol_user($user->id, $course->id, $tutor);
