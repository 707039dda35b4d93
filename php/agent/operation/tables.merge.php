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
use provost\rows;
use provost\task;

/**
 * Brings rows of a table from elsewhere: those with the same key are changed, others made, and those without one there are left or deleted.
 *
 * Parameters: table (its name, without the prefix), columns (names), rows (lists of texts, null for nothing), key (names of columns that say which rows
 * are the same), others (keep or delete), dry (whether nothing is changed). Answer: see rows.php. Numbers of rows (id) are the site's own.
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

    /** @var string[] What is written by other ways, or by nobody. */
    private const NOT_THESE = ['config', 'config_plugins', 'sessions', 'user', 'role', 'role_capabilities', 'context', 'files', 'course'];

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../rows.php');
        $table = $params['table'] ?? '';
        if (!is_string($table) || !in_array($table, $DB->get_tables(false), true)) {
            throw new failure('no_such', "There is no table '$table' at this site");
        }
        if (in_array($table, self::NOT_THESE, true)) {
            throw new failure('refused', "The table '$table' is not copied: its rows mean something at their own site only, or have a command of their own");
        }
        $columns = array_values(array_diff((array) ($params['columns'] ?? []), ['id']));
        $key = (array) ($params['key'] ?? []);
        $unknown = array_diff($columns, array_keys($DB->get_columns($table, false)));
        if ($unknown || !$key || array_diff($key, $columns)) {
            throw new failure('bad_request', $unknown
                ? "The table '$table' has no column " . implode(', ', $unknown) . ' here'
                : 'The key must be columns of the rows that come');
        }
        $rows = new rows(['row', 'column', 'was', 'is']);
        $transaction = $DB->start_delegated_transaction();
        $kept = [];
        foreach ((array) ($params['rows'] ?? []) as $values) {
            $wanted = array_intersect_key(array_combine($params['columns'], $values), array_flip($columns));
            $kept[] = $this->merge($table, $wanted, $key, $rows, !empty($params['dry']));
        }
        if (($params['others'] ?? 'keep') === 'delete') {
            foreach ($DB->get_records($table, null, 'id') as $there) {
                if (!in_array((int) $there->id, $kept, true)) {
                    $rows->change(self::words((array) $there, $key), null, 'there', 'deleted');
                    if (empty($params['dry'])) {
                        $DB->delete_records($table, ['id' => $there->id]);
                    }
                }
            }
        }
        $transaction->allow_commit();
        if (empty($params['dry']) && $rows->answer()['changes']) {
            $task->effect("{$rows->answer()['changes']} changes in $table");
        }
        return $rows->answer();
    }

    /**
     * Brings one row.
     *
     * @param string $table
     * @param array $wanted
     * @param string[] $key
     * @param rows $rows
     * @param bool $dry
     * @return int Its number here, or 0.
     */
    private function merge(string $table, array $wanted, array $key, rows $rows, bool $dry): int {
        global $DB;
        [$where, $values] = [[], []];
        foreach ($key as $column) {
            $where[] = $wanted[$column] === null ? "$column IS NULL" : $DB->sql_compare_text($column, 255) . ' = ' . $DB->sql_compare_text('?', 255);
            if ($wanted[$column] !== null) {
                $values[] = $wanted[$column];
            }
        }
        $there = $DB->get_records_select($table, implode(' AND ', $where), $values, 'id', '*', 0, 2);
        $name = self::words($wanted, $key);
        if (count($there) > 1) {
            throw new failure('refused', "Several rows here have the key $name");
        }
        $there = (array) (reset($there) ?: []);
        if (!$there) {
            $rows->change($name, null, null, 'made');
            return $dry ? 0 : (int) $DB->insert_record($table, (object) $wanted);
        }
        $other = array_filter($wanted, fn(?string $value, string $column): bool => !self::same($there[$column], $value), ARRAY_FILTER_USE_BOTH);
        foreach ($other as $column => $value) {
            $rows->change($name, $column, $there[$column], $value);
        }
        if ($other && !$dry) {
            $DB->update_record($table, (object) (['id' => $there['id']] + $other));
        }
        return (int) $there['id'];
    }

    /**
     * Whether two values are the same to a database: numbers may be written in several ways.
     *
     * @param mixed $one
     * @param string|null $other
     * @return bool
     */
    private static function same(mixed $one, ?string $other): bool {
        if ($one === null || $other === null) {
            return $one === $other;
        }
        return (string) $one === $other || (is_numeric($one) && is_numeric($other) && (float) $one === (float) $other);
    }

    /**
     * A row, by its key.
     *
     * @param array $row
     * @param string[] $key
     * @return string
     */
    private static function words(array $row, array $key): string {
        return implode(', ', array_map(fn(string $column): string => "$column=" . ($row[$column] ?? 'nothing'), $key));
    }
};
