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
 * Definitions of roles: read as they are told to other sites, and written.
 *
 * A definition is a map: shortname, name, description, archetype, contextlevels (a list), allow (a map of assign, override,
 * switch and view to lists of short names), capabilities (a map to allow, prevent or prohibit; what is not in it is inherited).
 * Levels of core have their short names, those of plugins are numbers, as in core's presets. Core's own preset is not used:
 * reading one changes short names, and what writes one saves only what a page was submitted with.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class roles {

    /** @var string[] What a role can be allowed to do with others. */
    public const ALLOWS = ['assign', 'override', 'switch', 'view'];

    /** @var string[] What a permission is called. */
    private const PERMISSIONS = [CAP_ALLOW => 'allow', CAP_PREVENT => 'prevent', CAP_PROHIBIT => 'prohibit'];

    /**
     * Every definition, in the site's order.
     *
     * @return array[]
     */
    public static function all(): array {
        global $DB;
        $names = $DB->get_records_menu('role', null, 'sortorder', 'id, shortname');
        return array_map(fn(int $id): array => self::definition($id), array_keys($names));
    }

    /**
     * One definition.
     *
     * @param int $id
     * @return array
     */
    public static function definition(int $id): array {
        global $DB;
        $role = $DB->get_record('role', ['id' => $id], '*', MUST_EXIST);
        $permissions = $DB->get_records_menu('role_capabilities',
            ['roleid' => $id, 'contextid' => \context_system::instance()->id], 'capability', 'capability, permission');
        $capabilities = array_map(fn($permission): ?string => self::PERMISSIONS[$permission] ?? null, $permissions);
        $names = array_flip(self::levels());
        // The level of a plugin that is gone has no name any more.
        $levels = array_map(fn($level): string => $names[$level] ?? (string) $level, array_values(get_role_contextlevels($id)));
        sort($levels, SORT_STRING);
        $allow = [];
        foreach (self::ALLOWS as $what) {
            $allow[$what] = array_values(self::allowed($id, $what));
        }
        return [
            'shortname' => $role->shortname,
            'name' => $role->name,
            'description' => $role->description,
            'archetype' => $role->archetype,
            'contextlevels' => $levels,
            'allow' => $allow,
            'capabilities' => (object) array_filter($capabilities),
        ];
    }

    /**
     * The levels of contexts that the site has, by name.
     *
     * @return int[]
     */
    public static function levels(): array {
        $levels = [];
        foreach (\context_helper::get_all_levels() as $level => $class) {
            $name = preg_match('/^core\\\\context\\\\(\w+)$/D', $class, $found) ? $found[1] : (string) $level;
            $levels[$name] = (int) $level;
        }
        return $levels;
    }

    /**
     * The capabilities that the site knows.
     *
     * @return string[]
     */
    public static function capabilities(): array {
        $names = array_keys(get_all_capabilities());
        sort($names, SORT_STRING);
        return $names;
    }

    /**
     * The roles that a role may do something with: short names by id.
     *
     * @param int $id
     * @param string $what One of ALLOWS.
     * @return string[]
     */
    public static function allowed(int $id, string $what): array {
        global $DB;
        return $DB->get_records_sql_menu("SELECT r.id, r.shortname
                                            FROM {role} r
                                            JOIN {role_allow_$what} a ON a.allow$what = r.id
                                           WHERE a.roleid = :id
                                        ORDER BY r.shortname", ['id' => $id]);
    }

    /**
     * Permission of a name, as core has it.
     *
     * @param string $name
     * @return int
     * @throws failure When it is none.
     */
    public static function permission(string $name): int {
        $permission = array_search($name, self::PERMISSIONS, true);
        if ($permission === false) {
            throw new failure('bad_request', "'$name' is no permission");
        }
        return $permission;
    }
}
