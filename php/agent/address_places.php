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
 * Goes through everything that a site's database holds as text, for addresses.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class address_places {

    /** @var int How many rows are held at once: texts can be some megabytes long. */
    private const ROWS = 100;

    /** @var array Columns that are encoded, so that no search of the database finds what is in them. */
    private const ENCODED = ['block_instances' => ['configdata']];

    /** @var array Columns that stay, by table, and why. */
    private const KEPT = [
        'files_reference' => ['reference' => 'a digest of it is kept beside it'],
        'auth_lti_linked_login' => ['issuer' => 'a digest of it is kept beside it'],
        'backup_controllers' => ['controller' => 'a backup or restore that is over'],
    ];

    /**
     * What is looked for.
     *
     * @param address $address
     */
    public function __construct(private readonly address $address) {
    }

    /**
     * Goes through every value that an address is in.
     *
     * @param callable $visit Gets the table, the column, the row's number, the value, the changed one, and why it stays: null, or words.
     * @param task $task
     * @param string[]|null $only Tables to look at; all if null.
     * @return string[] Tables that could not be gone through, because their rows have no number.
     */
    public function visit(callable $visit, task $task, ?array $only = null): array {
        global $DB;
        $tables = $only ?? array_values($DB->get_tables(false));
        $without = [];
        foreach ($tables as $number => $table) {
            if ($number % 20 === 0) {
                $task->progress($number, count($tables), $table);
            }
            $columns = $DB->get_columns($table);
            $texts = array_filter($columns, fn($column) => in_array($column->meta_type, ['C', 'X'], true));
            if (!$texts) {
                continue;
            }
            if (!isset($columns['id'])) {
                $without[] = $table;
                continue;
            }
            $this->visit_table($table, $texts, $visit);
        }
        return $without;
    }

    /**
     * Goes through one table.
     *
     * @param string $table
     * @param \database_column_info[] $columns Those of texts.
     * @param callable $visit
     */
    private function visit_table(string $table, array $columns, callable $visit): void {
        global $DB;
        [$where, $params] = $this->holds($table, $columns);
        $names = implode(', ', array_map($this->quoted(...), array_keys($columns)));
        $last = 0;
        do {
            $rows = $DB->get_records_select($table, "id > :last AND ($where)", ['last' => $last] + $params, 'id',
                "id, $names", 0, self::ROWS);
            foreach ($rows as $row) {
                $last = $row->id;
                foreach ($columns as $name => $column) {
                    $value = $row->$name;
                    if ($value === null || $value === '') {
                        continue;
                    }
                    $encoded = in_array($name, self::ENCODED[$table] ?? [], true);
                    $changed = $encoded ? $this->address->encoded($value) : $this->address->text($value);
                    if ($changed !== $value && !$this->is_ours($table, $row)) {
                        $visit($table, $column, $row->id, $value, $changed, $this->kept($table, $column, $changed));
                    }
                }
            }
        } while (count($rows) === self::ROWS);
    }

    /**
     * The condition under which a row may hold an address.
     *
     * @param string $table
     * @param \database_column_info[] $columns
     * @return array The condition and its parameters.
     */
    private function holds(string $table, array $columns): array {
        global $DB;
        $any = [];
        $params = [];
        foreach ($columns as $name => $column) {
            if (in_array($name, self::ENCODED[$table] ?? [], true)) {
                $any[] = $DB->sql_isnotempty($table, $name, true, $column->meta_type === 'X');
                continue;
            }
            foreach ($this->address->needles() as $parts) {
                $param = 'like' . count($params);
                $params[$param] = '%' . implode('%', array_map($DB->sql_like_escape(...), $parts)) . '%';
                $any[] = $DB->sql_like($this->quoted($name), ":$param", false);
            }
        }
        return [implode(' OR ', $any), $params];
    }

    /**
     * A column's name, which may be a word of SQL.
     *
     * @param string $name
     * @return string
     */
    private function quoted(string $name): string {
        global $DB;
        return $DB->get_manager()->generator->getEncQuoted($name);
    }

    /**
     * Whether a row is a mark of Provost's that says which address is which.
     *
     * @param string $table
     * @param \stdClass $row
     * @return bool
     */
    private function is_ours(string $table, \stdClass $row): bool {
        return $table === 'config_plugins' && ($row->plugin ?? '') === 'provost'
            && in_array($row->name ?? '', ['wwwroot', 'renaming'], true);
    }

    /**
     * Why a value stays as it is, if it does.
     *
     * @param string $table
     * @param \database_column_info $column
     * @param string $changed
     * @return string|null
     */
    private function kept(string $table, \database_column_info $column, string $changed): ?string {
        // As core's own search and replace has it: what was logged was so.
        if (preg_match('/(^|_)logs?($|_)/', $table)) {
            return 'a log';
        }
        if (preg_match('/hash$/', $column->name)) {
            return 'a digest';
        }
        if ($table === 'sessions') {
            return 'a session';
        }
        if (isset(self::KEPT[$table][$column->name])) {
            return self::KEPT[$table][$column->name];
        }
        if ($column->meta_type === 'C' && \core_text::strlen($changed) > $column->max_length) {
            return "it would be cut at {$column->max_length} characters";
        }
        return null;
    }
}
