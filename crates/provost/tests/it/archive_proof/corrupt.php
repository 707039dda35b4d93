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


/**
 * Damages restored courses, each time in one way, and takes it back.
 *
 *     php corrupt.php /path/to/config.php
 *
 * It reads lines, and answers each with one that begins with "= ": "list" with the names of all ways, "do NAME COURSE" and "undo" with
 * "done", or with what went wrong.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
require($argv[1]);

/**
 * Changes the database, and remembers how it was.
 */
final class damage {

    /** @var array What has to be taken back, in the order in which it was done. */
    public array $done = [];

    /** @var stdClass The course. */
    public readonly stdClass $course;

    /** @var int Its context. */
    public readonly int $context;

    /**
     * Of a course.
     *
     * @param int $course
     */
    public function __construct(int $course) {
        global $DB;
        $this->course = $DB->get_record('course', ['id' => $course], '*', MUST_EXIST);
        $this->context = context_course::instance($course)->id;
    }

    /**
     * One row.
     *
     * @param string $sql
     * @param array $params
     * @return stdClass
     */
    public function row(string $sql, array $params = []): stdClass {
        global $DB;
        $rows = $DB->get_records_sql($sql, $params, 0, 1);
        return reset($rows) ?: throw new moodle_exception('invalidrecord', '', '', null, $sql);
    }

    /**
     * The first row of a table, by the fields that it has.
     *
     * @param string $table
     * @param array $fields
     * @return stdClass
     */
    public function first(string $table, array $fields): stdClass {
        $where = implode(' AND ', array_map(fn($field) => "$field = :$field", array_keys($fields)));
        return $this->row("SELECT * FROM {{$table}} WHERE $where ORDER BY id", $fields);
    }

    /**
     * The row of an activity.
     *
     * @param string $module
     * @return stdClass
     */
    public function activity(string $module): stdClass {
        return $this->first($module, ['course' => $this->course->id]);
    }

    /**
     * The course module of an activity.
     *
     * @param string $module
     * @return stdClass
     */
    public function module(string $module): stdClass {
        return $this->row('SELECT cm.* FROM {course_modules} cm JOIN {modules} m ON m.id = cm.module
            WHERE cm.course = ? AND m.name = ? ORDER BY cm.id', [$this->course->id, $module]);
    }

    /**
     * A file of an area below the course.
     *
     * @param string $component
     * @param string $area
     * @return stdClass
     */
    public function file(string $component, string $area): stdClass {
        global $DB;
        $below = $DB->sql_like('c.path', ':path');
        return $this->row("SELECT f.* FROM {files} f JOIN {context} c ON c.id = f.contextid WHERE f.component = :component
            AND f.filearea = :area AND f.filename <> '.' AND f.filesize > 0 AND (c.id = :own OR $below) ORDER BY f.id",
            ['component' => $component, 'area' => $area, 'own' => $this->context,
                'path' => $DB->get_field('context', 'path', ['id' => $this->context]) . '/%']);
    }

    /**
     * Sets fields of a row.
     *
     * @param string $table
     * @param stdClass $row
     * @param array $fields
     */
    public function set(string $table, stdClass $row, array $fields): void {
        global $DB;
        $before = ['id' => $row->id];
        foreach (array_keys($fields) as $field) {
            $before[$field] = $row->$field;
        }
        $this->done[] = ['set', $table, $before];
        $DB->update_record_raw($table, ['id' => $row->id] + $fields);
    }

    /**
     * Deletes a row.
     *
     * @param string $table
     * @param stdClass $row
     */
    public function drop(string $table, stdClass $row): void {
        global $DB;
        $this->done[] = ['add', $table, (array) $row];
        $DB->delete_records($table, ['id' => $row->id]);
    }

    /**
     * Adds a row that is like another.
     *
     * @param string $table
     * @param stdClass $row
     * @param array $fields
     */
    public function add(string $table, stdClass $row, array $fields): void {
        global $DB;
        $new = $fields + (array) $row;
        unset($new['id']);
        $this->done[] = ['drop', $table, ['id' => $DB->insert_record($table, $new)]];
    }

    /**
     * Another person of the course.
     *
     * @param int $but
     * @return int
     */
    public function another(int $but): int {
        return $this->row('SELECT ue.userid AS id FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid
            WHERE e.courseid = ? AND ue.userid <> ? ORDER BY ue.userid DESC', [$this->course->id, $but])->id;
    }

    /**
     * Changes the content of a file on disk; null takes it away.
     *
     * @param stdClass $file
     * @param callable $change Gets the content, returns another or null.
     */
    public function content(stdClass $file, callable $change): void {
        global $CFG;
        $path = ($CFG->filedir ?? "$CFG->dataroot/filedir") . '/' . substr($file->contenthash, 0, 2) . '/'
            . substr($file->contenthash, 2, 2) . "/$file->contenthash";
        $before = file_get_contents($path);
        $this->done[] = ['content', $path, base64_encode($before)];
        $after = $change($before);
        // Not in place: the content may be linked into other sites.
        unlink($path);
        if ($after !== null) {
            file_put_contents($path, $after);
        }
    }

    /**
     * Takes back what was done, the last first.
     *
     * @param array $done
     */
    public static function undo(array $done): void {
        global $DB;
        foreach (array_reverse($done) as [$what, $where, $data]) {
            match ($what) {
                'set' => $DB->update_record_raw($where, $data),
                'add' => $DB->import_record($where, (object) $data),
                'drop' => $DB->delete_records($where, $data),
                'content' => file_put_contents($where, base64_decode($data)),
            };
        }
    }
}

$cases = require(__DIR__ . '/corruptions.php');
$done = [];
while (($line = fgets(STDIN)) !== false) {
    [$what, $name, $course] = explode(' ', trim($line)) + ['', '', ''];
    $answer = 'done';
    try {
        if ($what === 'list') {
            $answer = implode(' ', array_keys($cases));
        } else if ($what === 'undo') {
            damage::undo($done);
            $done = [];
        } else {
            $damage = new damage((int) $course);
            try {
                $cases[$name]($damage);
            } finally {
                $done = $damage->done;
            }
        }
    } catch (Throwable $thrown) {
        $answer = $thrown->getMessage() . ' ' . ($thrown->debuginfo ?? '') . " at line {$thrown->getLine()}";
    }
    echo "\n= ", str_replace("\n", ' ', $answer), "\n";
}
