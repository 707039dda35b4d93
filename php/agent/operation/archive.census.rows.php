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


use provost\archive\recordsets;
use provost\census;
use provost\operation;
use provost\task;

/**
 * The rows of tables of a census. Nothing is changed.
 *
 * Parameters: those of archive.census, and tables (a map: table to a list of digests; an empty list asks for the digests of all its rows).
 *
 * Answer: tables, a map: table to digests (a map: digest to how often it occurs), or rows (a map: digest to the row's columns, long values
 * cut).
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var int The longest value that is told, in characters. A longer one ends with a digest of the whole. */
    private const LONGEST = 200;

    /** @var int The most digests that are told of one table: an answer has at most 8 MiB. */
    private const MOST = 100000;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        // Only here: the agents that count nothing do without.
        require_once(__DIR__ . '/../archive/recordsets.php');
        require_once(__DIR__ . '/../census/census.php');
        recordsets::of_course((int) ($params['course'] ?? 0));
        $census = new census($params, $task);
        if (array_intersect(array_keys($params['tables']), census::LAST)) {
            // They ask who takes part in everything else.
            $census->answer_tables();
        }
        $tables = [];
        foreach ($params['tables'] as $table => $digests) {
            $tables[$table] = $digests === [] ? ['digests' => (object) $this->digests($census, $table)]
                : ['rows' => (object) $this->rows($census, $table, array_fill_keys($digests, true))];
        }
        return ['tables' => (object) $tables];
    }

    /**
     * The digests of a table.
     *
     * @param census $census
     * @param string $table
     * @return int[]
     */
    private function digests(census $census, string $table): array {
        $found = [];
        foreach ($census->rows($table) as [$digest]) {
            $digest = bin2hex($digest);
            $found[$digest] = ($found[$digest] ?? 0) + 1;
            if (count($found) >= self::MOST) {
                break;
            }
        }
        ksort($found);
        return $found;
    }

    /**
     * Rows by their digests.
     *
     * @param census $census
     * @param string $table
     * @param bool[] $wanted
     * @return array
     */
    private function rows(census $census, string $table, array $wanted): array {
        $found = [];
        foreach ($census->rows($table) as [$digest, $values]) {
            $digest = bin2hex($digest);
            if (isset($wanted[$digest])) {
                $found[$digest] = (object) array_map($this->short(...), $values);
            }
        }
        return $found;
    }

    /**
     * A value that is not too long.
     *
     * @param string|null $value
     * @return string
     */
    private function short(?string $value): string {
        if ($value === null) {
            return '(null)';
        }
        $long = \core_text::strlen($value) > self::LONGEST;
        return $long ? \core_text::substr($value, 0, self::LONGEST) . '… ' . substr(sha1($value), 0, 12) : $value;
    }
};
