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

/**
 * How results of queries are fetched while a course is backed up, counted or restored.
 *
 * Core has PostgreSQL keep every result of which rows are read one by one behind a cursor that survives transactions: it is written down
 * whole, and each takes three more statements. A backup has thousands of them with a handful of rows; without cursors it was a quarter
 * faster. Without, a result is in memory as a whole, so that is for courses with results that fit.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class recordsets {

    /** @var int The most rows of a course's log, which is its longest table; estimated at 100 MB. */
    private const ROWS = 200000;

    /** @var int The most bytes of the longest files of a backup, together. */
    private const BYTES = 100 << 20;

    /**
     * Fetches as a course of this site allows.
     *
     * @param int $course
     */
    public static function of_course(int $course): void {
        global $DB;
        // No more are counted than matter.
        $beyond = $DB->get_manager()->table_exists('logstore_standard_log')
            && $DB->get_records('logstore_standard_log', ['courseid' => $course], '', 'id', self::ROWS, 1);
        self::whole(!$beyond);
    }

    /**
     * Fetches as a backup allows.
     *
     * @param string $path The unpacked backup.
     */
    public static function of_backup(string $path): void {
        $bytes = 0;
        foreach (['users.xml', 'questions.xml', 'files.xml', 'course/logs.xml', 'course/logstores.xml'] as $file) {
            $bytes += (int) @filesize("$path/$file");
        }
        self::whole($bytes <= self::BYTES);
    }

    /**
     * Sets it. What the site's configuration says stays.
     *
     * @param bool $whole Whether a result is fetched as a whole.
     */
    private static function whole(bool $whole): void {
        global $CFG, $DB;
        if ($DB->get_dbfamily() !== 'postgres' || isset($CFG->dboptions['fetchbuffersize'])) {
            return;
        }
        // Read by core at each query, and set nowhere else.
        (function () use ($whole): void {
            if ($whole) {
                $this->dboptions['fetchbuffersize'] = 0;
            } else {
                unset($this->dboptions['fetchbuffersize']);
            }
        })->call($DB);
    }
}
