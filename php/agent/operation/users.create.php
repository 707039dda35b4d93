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
use provost\rows;
use provost\task;

/**
 * Makes an account, as the page for new users does.
 *
 * Parameters: username, firstname, lastname, email, auth (a plugin that is enabled), password (null: core makes one and sends it with the next
 * cron, and it has to be changed), dry (whether nothing is made). Answer: see rows.php. One that is there with the same data is no
 * change; one with other data is an error.
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
        require_once("$CFG->dirroot/user/lib.php");
        require_once(__DIR__ . '/../rows.php');
        $fields = ['username', 'firstname', 'lastname', 'email', 'auth'];
        $user = (object) array_map(fn($field) => trim((string) ($params[$field] ?? '')), array_combine($fields, $fields));
        $password = $params['password'] ?? null;
        $this->check($user, $password);
        $rows = new rows(['user', 'id', 'was', 'is']);
        $there = $DB->get_record('user', ['username' => $user->username, 'mnethostid' => $CFG->mnet_localhost_id]);
        if ($there) {
            $other = array_filter($fields, fn($field) => $there->$field !== $user->$field);
            if ($other || $there->deleted) {
                throw new failure('there', "'$user->username' is there with another " . implode(', ', $other));
            }
            return $rows->answer();
        }
        if (empty($CFG->allowaccountssameemail) && $DB->record_exists_select('user', 'LOWER(email) = LOWER(?) AND deleted = 0', [$user->email])) {
            throw new failure('there', "another account has the address $user->email");
        }
        if (!empty($params['dry'])) {
            $rows->change($user->username, null, null, 'made');
            return $rows->answer();
        }
        $user->confirmed = 1;
        $user->mnethostid = $CFG->mnet_localhost_id;
        if ($password !== null) {
            $user->password = $password;
        }
        $id = user_create_user($user, $password !== null);
        $task->effect("user $user->username");
        if ($password === null && get_auth_plugin($user->auth)->is_internal()) {
            set_user_preference('create_password', 1, $id);
            set_user_preference('auth_forcepasswordchange', 1, $id);
        }
        $rows->change($user->username, $id, null, 'made');
        return $rows->answer();
    }

    /**
     * What Moodle makes of a field.
     *
     * @param \stdClass $user
     * @param string $field
     * @return string
     */
    private function stored(\stdClass $user, string $field): string {
        return (string) \core_user::clean_field($user->$field, $field);
    }

    /**
     * That it can be an account.
     *
     * @param \stdClass $user
     * @param mixed $password
     */
    private function check(\stdClass $user, mixed $password): void {
        $fault = match (true) {
            $user->username === '' || $user->username !== \core_user::clean_field($user->username, 'username') => "'$user->username' is no user name",
            $user->firstname === '' || $user->lastname === '' => 'a first and a last name are needed',
            $this->stored($user, 'firstname') !== $user->firstname => "'$user->firstname' would be stored as '{$this->stored($user, 'firstname')}'",
            $this->stored($user, 'lastname') !== $user->lastname => "'$user->lastname' would be stored as '{$this->stored($user, 'lastname')}'",
            !validate_email($user->email) => "'$user->email' is no address of mail",
            !is_enabled_auth($user->auth) => "'$user->auth' is no way of logging in that is enabled",
            default => null,
        };
        $said = '';
        if ($fault === null && $password !== null && !check_password_policy($password, $said, $user)) {
            $fault = 'the password does not follow the site\'s rules: ' . preg_replace('/\s+/', ' ', trim(html_to_text($said, 0, false)));
        }
        if ($fault !== null) {
            throw new failure('refused', $fault);
        }
    }
};
