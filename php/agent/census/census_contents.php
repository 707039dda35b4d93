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
 * Reads the contents of a course's files, and says which are not what their names say.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_contents {

    /** @var int How many contents that are not there are told. */
    private const MOST = 100;

    /** @var int After how many contents the progress is told. */
    private const STEP = 100;

    /**
     * Makes a check.
     *
     * @param census_names $names
     * @param task $task
     */
    public function __construct(private readonly census_names $names, private readonly task $task) {
    }

    /**
     * Reads every content once.
     *
     * @return array files, bytes and missing_contents.
     */
    public function check(): array {
        $files = 0;
        $bytes = 0;
        $seen = [];
        $missing = [];
        foreach ($this->rows() as $row) {
            $files++;
            if (isset($seen[$row->contenthash])) {
                continue;
            }
            $seen[$row->contenthash] = true;
            $bytes += $row->filesize;
            if (!$this->is_whole($row)) {
                $missing[] = $row->contenthash;
            }
            if (count($seen) % self::STEP === 0) {
                $this->task->progress(count($seen), null, 'reading contents');
            }
        }
        sort($missing);
        return ['files' => $files, 'bytes' => $bytes, 'missing_contents' => array_slice($missing, 0, self::MOST)];
    }

    /**
     * The files of the course.
     *
     * @return \Generator
     */
    private function rows(): \Generator {
        global $DB;
        foreach (array_chunk($this->names->ids('context'), 1000) as $contexts) {
            [$in, $params] = $DB->get_in_or_equal($contexts);
            $rows = $DB->get_recordset_select('files',
                "contextid $in AND filename <> '.' AND " . census_recipe::FILES . ' AND referencefileid IS NULL',
                $params, 'id');
            yield from $rows;
            $rows->close();
        }
    }

    /**
     * Whether a content is there and is what its name says.
     *
     * @param \stdClass $row
     * @return bool
     */
    private function is_whole(\stdClass $row): bool {
        try {
            $handle = get_file_storage()->get_file_instance($row)->get_content_file_handle();
        } catch (\Throwable $ignored) {
            return false;
        }
        if (!$handle) {
            return false;
        }
        $sum = hash_init('sha1');
        $length = hash_update_stream($sum, $handle);
        fclose($handle);
        return $length === (int) $row->filesize && hash_final($sum) === $row->contenthash;
    }
}
