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

namespace provost;

/**
 * Accounts of a site, by what people call them.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class people {

    /**
     * The account with a user name.
     *
     * @param mixed $username
     * @return \stdClass
     * @throws failure If there is none.
     */
    public static function find(mixed $username): \stdClass {
        global $CFG, $DB;
        $conditions = ['username' => $username, 'mnethostid' => $CFG->mnet_localhost_id, 'deleted' => 0];
        $user = is_string($username) ? $DB->get_record('user', $conditions) : false;
        if (!$user) {
            throw new failure('no_such', "There is no user '$username'");
        }
        return $user;
    }

    /**
     * The accounts that a rule means: neither deleted ones nor the guest.
     *
     * @param array $rule Any of username (a pattern with *), email (the same), auth, suspended (true or false), never_in (true: never logged in),
     *                    unused_since and made_before (times).
     * @return \stdClass[] By number: id, username, firstname, lastname, email, auth, suspended, lastaccess, timecreated.
     * @throws failure If it says nothing.
     */
    public static function chosen(array $rule): array {
        global $CFG, $DB;
        $rule = array_filter($rule, fn(mixed $value): bool => $value !== null);
        $known = ['username', 'email', 'auth', 'suspended', 'never_in', 'unused_since', 'made_before'];
        if (!$rule || array_diff(array_keys($rule), $known)) {
            throw new failure('bad_request', 'A rule for accounts needs at least one of ' . implode(', ', $known));
        }
        $where = ['deleted = 0', 'id <> ?', 'mnethostid = ?'];
        $values = [(int) $CFG->siteguest, $CFG->mnet_localhost_id];
        foreach (array_intersect_key($rule, ['username' => 1, 'email' => 1]) as $field => $pattern) {
            $where[] = $DB->sql_like($field, '?', false);
            $values[] = str_replace('*', '%', $DB->sql_like_escape($pattern));
        }
        foreach (array_intersect_key($rule, ['auth' => 1, 'suspended' => 1]) as $field => $value) {
            $where[] = "$field = ?";
            $values[] = is_bool($value) ? (int) $value : $value;
        }
        if (!empty($rule['never_in'])) {
            $where[] = 'lastaccess = 0 AND lastlogin = 0 AND currentlogin = 0';
        }
        if (isset($rule['unused_since'])) {
            // Who was never here counts from the day of the account.
            $where[] = 'lastaccess < ? AND timecreated < ?';
            array_push($values, (int) $rule['unused_since'], (int) $rule['unused_since']);
        }
        if (isset($rule['made_before'])) {
            $where[] = 'timecreated < ?';
            $values[] = (int) $rule['made_before'];
        }
        $fields = 'id, username, firstname, lastname, email, auth, suspended, lastaccess, timecreated';
        return $DB->get_records_select('user', implode(' AND ', $where), $values, 'username', $fields);
    }

    /**
     * The role with a short name.
     *
     * @param mixed $shortname
     * @return \stdClass
     * @throws failure If there is none.
     */
    public static function role(mixed $shortname): \stdClass {
        global $DB;
        $role = is_string($shortname) ? $DB->get_record('role', ['shortname' => $shortname]) : false;
        if (!$role) {
            throw new failure('no_such', "There is no role '$shortname'");
        }
        return $role;
    }

    /**
     * A day that people can read, in UTC; null for never.
     *
     * @param mixed $time
     * @return string|null
     */
    public static function day(mixed $time): ?string {
        return (int) $time > 0 ? gmdate('Y-m-d', (int) $time) : null;
    }

    /**
     * Ends sessions.
     *
     * @param int|null $id Whose; null for everybody's.
     */
    public static function end_sessions(?int $id): void {
        $manager = \core\session\manager::class;
        if ($id === null) {
            method_exists($manager, 'destroy_all') ? $manager::destroy_all() : $manager::kill_all_sessions();
        } else {
            method_exists($manager, 'destroy_user_sessions') ? $manager::destroy_user_sessions($id) : $manager::kill_user_sessions($id);
        }
    }
}
