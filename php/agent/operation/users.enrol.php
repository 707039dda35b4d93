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

use provost\failure;
use provost\operation;
use provost\people;
use provost\rows;
use provost\task;

/**
 * Enrols an account in a course by hand (the plugin enrol_manual), or ends that.
 *
 * Parameters: user (a user name), course (a short name), role (a short name), enrolled (true or false), dry (whether nothing is changed). Answer: see
 * rows.php. One who is enrolled with that role already is no change; a course without the plugin's instance gets one.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once("$CFG->libdir/enrollib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../people.php');
        $user = people::find($params['user'] ?? null);
        $name = $params['course'] ?? null;
        $wanted = $params['enrolled'] ?? null;
        if (!is_bool($wanted) || !is_string($name)) {
            throw new failure('bad_request', "'enrolled' must be true or false, and 'course' a short name");
        }
        $role = $wanted ? people::role($params['role'] ?? null) : null;
        $course = $DB->get_record('course', ['shortname' => $name]);
        if (!$course || (int) $course->id === SITEID) {
            throw new failure('no_such', "There is no course '$name'");
        }
        $plugin = enrol_is_enabled('manual') ? enrol_get_plugin('manual') : null;
        if (!$plugin) {
            throw new failure('refused', 'The plugin enrol_manual is not enabled');
        }
        $instance = $DB->get_record('enrol', ['courseid' => $course->id, 'enrol' => 'manual'], '*', IGNORE_MULTIPLE);
        $is = fn(): bool => $instance && $DB->record_exists('user_enrolments', ['enrolid' => $instance->id, 'userid' => $user->id])
            && (!$role || user_has_role_assignment($user->id, $role->id, \context_course::instance($course->id)->id));
        $rows = new rows(['user', 'course', 'role', 'is']);
        if ($is() === $wanted) {
            return $rows->answer();
        }
        if (empty($params['dry'])) {
            if (!$instance) {
                $instance = $DB->get_record('enrol', ['id' => $plugin->add_default_instance($course)], '*', MUST_EXIST);
            }
            $wanted ? $plugin->enrol_user($instance, $user->id, $role->id, 0, 0, ENROL_USER_ACTIVE) : $plugin->unenrol_user($instance, $user->id);
            $task->effect("$user->username in course $course->id");
            if ($is() !== $wanted) {
                throw new failure('read_back', "The enrolment of '$user->username' is not as it was to be");
            }
        }
        $rows->change($user->username, $course->shortname, $role?->shortname, $wanted ? 'enrolled' : 'no longer enrolled');
        return $rows->answer();
    }
};
