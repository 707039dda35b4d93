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
