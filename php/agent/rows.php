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
 * What an operation on many sites answers with: rows of a table, and how many of them are changes.
 *
 * As a map: columns (names), rows (lists of texts, with null for what is not there), changes (a number).
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class rows {

    /** @var array The rows. */
    private array $rows = [];

    /** @var int How many of them are changes. */
    private int $changes = 0;

    /**
     * Begins a table.
     *
     * @param string[] $columns
     */
    public function __construct(private readonly array $columns) {
    }

    /**
     * Adds what is.
     *
     * @param mixed ...$values One for each column.
     */
    public function add(mixed ...$values): void {
        $text = fn(mixed $value): ?string => match (true) {
            $value === null => null,
            is_bool($value) => $value ? 'yes' : 'no',
            default => (string) $value,
        };
        $this->rows[] = array_map($text, $values);
    }

    /**
     * Adds what is changed, or would be.
     *
     * @param mixed ...$values One for each column.
     */
    public function change(mixed ...$values): void {
        $this->add(...$values);
        $this->changes++;
    }

    /**
     * The answer.
     *
     * @return array
     */
    public function answer(): array {
        return ['columns' => $this->columns, 'rows' => $this->rows, 'changes' => $this->changes];
    }
}
