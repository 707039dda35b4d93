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
 * Courses and categories, by what people call them.
 *
 * A category is a path ("Science / Physics"), "idnumber:X" or "#12". Courses are those that fit all parts of a rule: shortname and idnumber
 * (patterns, with * for anything), category (with those below), visible, and started_before, ended_before, made_before and unused_since, in Unix
 * seconds. An empty rule means none.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class courses {

    /** @var string What stands between the parts of a path. */
    private const SEPARATOR = ' / ';

    /**
     * A category.
     *
     * @param mixed $ref
     * @return \core_course_category
     * @throws failure If there is none, or more than one.
     */
    public static function category(mixed $ref): \core_course_category {
        global $DB;
        $ref = is_string($ref) ? trim($ref) : '';
        if (preg_match('/^#(\d+)$/D', $ref, $found)) {
            $ids = $DB->get_fieldset_select('course_categories', 'id', 'id = ?', [$found[1]]);
        } else if (str_starts_with($ref, 'idnumber:')) {
            $ids = $DB->get_fieldset_select('course_categories', 'id', 'idnumber = ?', [substr($ref, 9)]);
        } else {
            $ids = array_keys(array_filter(self::paths(), fn(string $path): bool => $path === $ref));
        }
        if (count($ids) !== 1) {
            throw new failure('no_such', $ids ? "There are several categories '$ref'" : "There is no category '$ref'");
        }
        return \core_course_category::get(reset($ids), MUST_EXIST, true);
    }

    /**
     * Paths of all categories, by number.
     *
     * @return string[]
     */
    public static function paths(): array {
        global $DB;
        $paths = [];
        foreach ($DB->get_records('course_categories', null, 'depth, sortorder', 'id, name, parent') as $one) {
            $paths[$one->id] = (isset($paths[$one->parent]) ? $paths[$one->parent] . self::SEPARATOR : '') . $one->name;
        }
        return $paths;
    }

    /**
     * The parts of a path.
     *
     * @param mixed $path
     * @return string[]
     */
    public static function parts(mixed $path): array {
        $parts = array_map('trim', explode(self::SEPARATOR, is_string($path) ? $path : ''));
        if (in_array('', $parts, true)) {
            throw new failure('bad_request', "A path is names with ' / ' between them");
        }
        return $parts;
    }

    /**
     * The courses that a rule means.
     *
     * @param array $rule
     * @return \stdClass[] By number: id, shortname, fullname, idnumber, category, visible, and used, when somebody who takes part last looked in.
     */
    public static function chosen(array $rule): array {
        global $DB;
        $rule = array_filter($rule, fn(mixed $value): bool => $value !== null);
        $known = ['shortname', 'idnumber', 'category', 'visible', 'started_before', 'ended_before', 'made_before', 'unused_since'];
        if (!$rule || array_diff(array_keys($rule), $known)) {
            throw new failure('bad_request', 'A rule for courses needs at least one of ' . implode(', ', $known));
        }
        [$where, $values] = [['c.id <> ?'], [SITEID]];
        foreach (array_intersect_key($rule, ['shortname' => 1, 'idnumber' => 1]) as $field => $pattern) {
            $where[] = $DB->sql_like("c.$field", '?');
            $values[] = str_replace('*', '%', $DB->sql_like_escape($pattern));
        }
        if (isset($rule['category'])) {
            $category = self::category($rule['category']);
            [$in, $ids] = $DB->get_in_or_equal(array_merge([$category->id], $category->get_all_children_ids()));
            $where[] = "c.category $in";
            array_push($values, ...$ids);
        }
        if (isset($rule['visible'])) {
            $where[] = 'c.visible = ?';
            $values[] = (int) $rule['visible'];
        }
        foreach (['started_before' => 'startdate', 'ended_before' => 'enddate', 'made_before' => 'timecreated'] as $part => $field) {
            if (isset($rule[$part])) {
                $where[] = "c.$field > 0 AND c.$field < ?";
                $values[] = (int) $rule[$part];
            }
        }
        if (isset($rule['unused_since'])) {
            $where[] = 'c.timecreated < ? AND NOT EXISTS (SELECT 1 FROM {user_lastaccess} a WHERE a.courseid = c.id AND a.timeaccess >= ?)';
            array_push($values, (int) $rule['unused_since'], (int) $rule['unused_since']);
        }
        return $DB->get_records_sql('SELECT c.id, c.shortname, c.fullname, c.idnumber, c.category, c.visible,
                                            (SELECT MAX(a.timeaccess) FROM {user_lastaccess} a WHERE a.courseid = c.id) AS used,
                                            (SELECT COUNT(DISTINCT ue.userid)
                                               FROM {user_enrolments} ue
                                               JOIN {enrol} e ON e.id = ue.enrolid
                                              WHERE e.courseid = c.id) AS people
                                       FROM {course} c
                                      WHERE ' . implode(' AND ', $where) . ' ORDER BY c.id', $values);
    }
}
