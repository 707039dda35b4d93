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

namespace provost\archive;

use provost\failure;

/**
 * A course that a request names, and what must be so of it.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class expected {

    /**
     * The course; null where it is gone.
     *
     * @param array $params
     * @return \stdClass|null
     */
    public static function course(array $params): ?\stdClass {
        global $DB;
        $expected = $params['expected'] ?? null;
        if (!is_array($expected) || !is_int($expected['course'] ?? null) || !is_string($expected['shortname'] ?? null)) {
            throw new failure('bad_request', "'expected' must name a course by its id and its short name");
        }
        if ($expected['course'] == SITEID) {
            throw new failure('bad_request', 'The front page is not moved, hidden or deleted');
        }
        $course = $DB->get_record('course', ['id' => $expected['course']]);
        if (!$course) {
            return null;
        }
        $created = $expected['timecreated'] ?? null;
        $names = [$expected['shortname'], $expected['renamed'] ?? $expected['shortname']];
        if (!in_array($course->shortname, $names, true) || ($created !== null && (int) $course->timecreated !== $created)) {
            throw new failure('other_course', "The course $course->id is '$course->shortname' now, and not '$expected[shortname]'");
        }
        return $course;
    }

    /**
     * The course, which must be there.
     *
     * @param array $params
     * @return \stdClass
     */
    public static function there(array $params): \stdClass {
        return self::course($params) ?? throw new failure('no_course', 'There is no such course (any more)');
    }
}
