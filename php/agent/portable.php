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
 * Values that mean the same on every site, and are written otherwise on each: "roles" are short names between commas, "categories" are
 * paths ("Science / Physics") between commas, and in a text "of the site" {url}, {host} and {dataroot} stand for its own.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class portable {

    /** @var array|null Numbers of roles by short name. */
    private ?array $roles = null;

    /** @var array|null Numbers of categories by path. */
    private ?array $categories = null;

    /**
     * A value as this site writes it.
     *
     * @param string|null $value
     * @param string|null $by "roles", "categories", "site", or null for a value that is the same everywhere.
     * @return string|null
     * @throws failure If it has no such role or category.
     */
    public function own(?string $value, ?string $by): ?string {
        global $CFG;
        if ($value === null || $by === null) {
            return $value;
        }
        if ($by === 'site') {
            $host = parse_url($CFG->wwwroot, PHP_URL_HOST);
            return strtr($value, ['{url}' => $CFG->wwwroot, '{host}' => $host, '{dataroot}' => $CFG->dataroot]);
        }
        $numbers = match ($by) {
            'roles' => $this->roles ??= $this->roles(),
            'categories' => $this->categories ??= $this->categories(),
            default => throw new failure('bad_request', "'by' must be roles, categories or site"),
        };
        $own = [];
        foreach (explode(',', $value) as $name) {
            $own[] = $numbers[$name] ?? throw new failure('no_such', ($by === 'roles' ? 'There is no role ' : 'There is no category ') . "'$name'");
        }
        sort($own);
        return implode(',', $own);
    }

    /**
     * Numbers of roles by short name.
     *
     * @return array
     */
    private function roles(): array {
        global $DB;
        return $DB->get_records_menu('role', null, '', 'shortname, id');
    }

    /**
     * Numbers of categories by path.
     *
     * @return array
     */
    private function categories(): array {
        global $DB;
        $all = $DB->get_records('course_categories', null, 'depth', 'id, name, parent');
        $paths = [];
        foreach ($all as $one) {
            $paths[$one->id] = (isset($paths[$one->parent]) ? $paths[$one->parent] . ' / ' : '') . $one->name;
        }
        return array_flip($paths);
    }
}
