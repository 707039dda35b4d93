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
use provost\roles;
use provost\task;

/**
 * Makes a role, or brings one that is there to a definition, whole or not at all, and reads it back.
 *
 * What the definition names and the site does not know (capabilities, levels of contexts, other roles) is left out, and told.
 *
 * Parameters: role (a definition, see roles.php), change (whether one that is there may be changed). Answer: made, changed, role (as it is
 * now), lacks (a map of capabilities, contextlevels and roles to lists of names).
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
        global $DB;
        require_once(__DIR__ . '/../roles.php');
        $asked = $params['role'] ?? [];
        if (!is_string($asked['shortname'] ?? null) || $asked['shortname'] === '') {
            throw new failure('bad_request', "'role' must be a definition with a short name");
        }
        [$wanted, $lacks] = $this->fit($asked);
        $shortname = $wanted['shortname'];
        $id = (int) $DB->get_field('role', 'id', ['shortname' => $shortname]);
        $made = $id === 0;
        $before = $made ? null : roles::definition($id);
        $changed = !$made && !$this->same($before, $wanted);
        if ($changed && empty($params['change'])) {
            throw new failure('role_exists', "There is a role '$shortname' already, and it is another one");
        }
        if ($made || $changed) {
            $this->check_name($wanted, $id);
            $transaction = $DB->start_delegated_transaction();
            if ($made) {
                $id = create_role($wanted['name'], $shortname, $wanted['description'], $wanted['archetype']);
            } else {
                $this->describe($id, $wanted, $before);
            }
            $this->set_levels($id, $wanted['contextlevels']);
            array_map(fn(string $what) => $this->set_allowed($id, $what, $wanted['allow'][$what]), roles::ALLOWS);
            $this->set_permissions($id, (array) $wanted['capabilities']);
            $transaction->allow_commit();
            // Once more now that all can see the rows: who read them meanwhile has cached what was before.
            accesslib_clear_role_cache($id);
            $task->effect("role/$shortname");
        }
        $now = roles::definition($id);
        if (!$this->same($now, $wanted)) {
            throw new failure('read_back', "The role '$shortname' was written, and is not as it was to be");
        }
        return ['made' => $made, 'changed' => $changed, 'role' => $now, 'lacks' => $lacks];
    }

    /**
     * The definition as this site can have it, and what is left out.
     *
     * @param array $asked
     * @return array[]
     */
    private function fit(array $asked): array {
        global $DB;
        $levels = array_map('strval', array_keys(roles::levels()));
        $names = $DB->get_records_menu('role', null, '', 'id, shortname');
        // It may be allowed to do something with itself, before it is there.
        $names[] = $asked['shortname'];
        $known = array_flip(roles::capabilities());
        $capabilities = (array) ($asked['capabilities'] ?? []);
        $contextlevels = array_values((array) ($asked['contextlevels'] ?? []));
        $allow = [];
        $strangers = [];
        foreach (roles::ALLOWS as $what) {
            $others = array_values((array) ($asked['allow'][$what] ?? []));
            $allow[$what] = array_values(array_intersect($others, $names));
            $strangers = array_merge($strangers, array_diff($others, $names));
        }
        $wanted = [
            'shortname' => $asked['shortname'],
            'name' => (string) ($asked['name'] ?? ''),
            'description' => (string) ($asked['description'] ?? ''),
            'archetype' => (string) ($asked['archetype'] ?? ''),
            'contextlevels' => array_values(array_intersect($contextlevels, $levels)),
            'allow' => $allow,
            'capabilities' => (object) array_intersect_key($capabilities, $known),
        ];
        $lacks = [
            'capabilities' => array_keys(array_diff_key($capabilities, $known)),
            'contextlevels' => array_values(array_diff($contextlevels, $levels)),
            'roles' => array_values(array_unique($strangers)),
        ];
        return [$wanted, $lacks];
    }

    /**
     * Whether two definitions say the same, as far as this site can have it.
     *
     * @param array $one
     * @param array $other
     * @return bool
     */
    private function same(array $one, array $other): bool {
        [$one] = $this->fit($one);
        [$other] = $this->fit($other);
        return $this->sorted($one) === $this->sorted($other);
    }

    /**
     * A definition without the order of its lists and maps.
     *
     * @param array $definition
     * @return array
     */
    private function sorted(array $definition): array {
        $definition['capabilities'] = (array) $definition['capabilities'];
        ksort($definition['capabilities']);
        sort($definition['contextlevels'], SORT_STRING);
        foreach (roles::ALLOWS as $what) {
            sort($definition['allow'][$what], SORT_STRING);
        }
        return $definition;
    }

    /**
     * Refuses a name that another role has, as core's page does.
     *
     * @param array $wanted
     * @param int $id The role's own, or 0.
     */
    private function check_name(array $wanted, int $id): void {
        global $DB;
        $other = $wanted['name'] === '' ? false
            : $DB->get_field_select('role', 'shortname', 'name = ? AND id <> ?', [$wanted['name'], $id], IGNORE_MULTIPLE);
        if ($other !== false) {
            throw new failure('name_taken', "The role '$other' is called '{$wanted['name']}' already");
        }
    }

    /**
     * Gives a role its names, its description and its archetype, as core's page does.
     *
     * @param int $id
     * @param array $wanted
     * @param array $before
     */
    private function describe(int $id, array $wanted, array $before): void {
        global $DB, $USER;
        $fields = array_intersect_key($wanted, array_flip(['name', 'description', 'archetype']));
        if ($fields === array_intersect_key($before, $fields)) {
            return;
        }
        $DB->update_record('role', (object) (['id' => $id] + $fields));
        $event = \core\event\role_updated::create([
            'userid' => $USER->id,
            'objectid' => $id,
            'context' => context_system::instance(),
            'other' => $fields + ['shortname' => $wanted['shortname'], 'contextlevels' => $wanted['contextlevels']],
        ]);
        $event->trigger();
        core_course_category::role_assignment_changed($id, context_system::instance());
    }

    /**
     * Sets where a role can be assigned. A level that this site has no name for stays.
     *
     * @param int $id
     * @param string[] $names
     */
    private function set_levels(int $id, array $names): void {
        $levels = roles::levels();
        $nameless = array_diff(get_role_contextlevels($id), $levels);
        set_role_contextlevels($id, array_merge(array_map(fn(string $name): int => $levels[$name], $names), array_values($nameless)));
    }

    /**
     * Sets what a role may do with others, as core's page does.
     *
     * @param int $id
     * @param string $what
     * @param string[] $names
     */
    private function set_allowed(int $id, string $what, array $names): void {
        global $DB;
        $current = roles::allowed($id, $what);
        $add = "core_role_set_{$what}_allowed";
        foreach (array_diff($current, $names) as $other => $name) {
            $DB->delete_records("role_allow_$what", ['roleid' => $id, "allow$what" => $other]);
            $this->tell_allowed($id, $what, $other, false);
        }
        foreach (array_diff(array_unique($names), $current) as $name) {
            $other = (int) $DB->get_field('role', 'id', ['shortname' => $name], MUST_EXIST);
            $add($id, $other);
            $this->tell_allowed($id, $what, $other, true);
        }
    }

    /**
     * Tells the log.
     *
     * @param int $id
     * @param string $what
     * @param int $other
     * @param bool $allow
     */
    private function tell_allowed(int $id, string $what, int $other, bool $allow): void {
        $class = "\\core\\event\\role_allow_{$what}_updated";
        $event = $class::create([
            'context' => context_system::instance(),
            'objectid' => $id,
            'other' => ['targetroleid' => $other, 'allow' => $allow],
        ]);
        $event->trigger();
    }

    /**
     * Sets the permissions in the system's context. Rows of capabilities that this site does not know stay: core says that they
     * are a plugin's that may come back.
     *
     * @param int $id
     * @param string[] $wanted Permissions by capability.
     */
    private function set_permissions(int $id, array $wanted): void {
        $system = context_system::instance();
        $current = (array) roles::definition($id)['capabilities'];
        $gone = array_intersect_key(array_diff_key($current, $wanted), array_flip(roles::capabilities()));
        foreach (array_keys($gone) as $capability) {
            unassign_capability($capability, $id, $system->id);
        }
        foreach (array_diff_assoc($wanted, $current) as $capability => $permission) {
            assign_capability($capability, roles::permission($permission), $id, $system->id, true);
        }
    }
};
