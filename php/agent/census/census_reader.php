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
 * Finds the rows of recipes, names and digests them.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_reader {

    /** @var int How many numbers one query asks for: databases bound the parameters of a statement. */
    private const CHUNK = 1000;

    /** @var string The set of numbers that count the changes of something, and say nothing. */
    private const NUMBER = 'revision';

    /** @var array The columns that are compared, by recipe. */
    private array $used = [];

    /** @var string[] The tables of the site. */
    private readonly array $tables;

    /**
     * Makes a reader.
     *
     * @param census_names $names
     * @param census_values $values
     * @param array $columns Columns to use, by recipe; all where nothing is said.
     * @param int|null $before When the backup began.
     */
    public function __construct(
        private readonly census_names $names,
        private readonly census_values $values,
        private readonly array $columns,
        private readonly ?int $before,
    ) {
        global $DB;
        $this->tables = $DB->get_tables();
    }

    /**
     * Whether this Moodle has a recipe's table.
     *
     * @param census_recipe $recipe
     * @return bool
     */
    public function has(census_recipe $recipe): bool {
        return in_array($recipe->table, $this->tables);
    }

    /**
     * Gives names to the rows of a recipe.
     *
     * @param census_recipe $recipe
     */
    public function name(census_recipe $recipe): void {
        if ($recipe->key === []) {
            return;
        }
        $this->names->begin($recipe->name);
        $own = [];
        $parents = [];
        $columns = $this->column_info($recipe);
        foreach ($this->rows($recipe) as $row) {
            $parts = [];
            foreach ($recipe->key as $column) {
                $parts[] = $this->value($recipe, $column, $row, $columns[$column] ?? null)
                    ?? census_names::NOTHING;
            }
            $own[$row->id] = implode(' / ', $parts);
            $parents[$row->id] = $recipe->tree === null ? 0 : (int) $row->{$recipe->tree};
        }
        foreach (array_keys($own) as $id) {
            $this->names->put($recipe->name, $id, self::path($id, $own, $parents));
        }
    }

    /**
     * The digests of a recipe's rows, not in order.
     *
     * @param census_recipe $recipe
     * @return \Generator By no key: digest (binary), and the row as it was digested.
     */
    public function digests(census_recipe $recipe): \Generator {
        foreach ($this->rows($recipe) as $row) {
            if ($this->is_taken($recipe, $row)) {
                yield $this->digest($recipe, $row);
            }
        }
    }

    /**
     * Whether the backup takes a row: not, if it does not take what the row is about, e.g. the file of a post without people.
     *
     * @param census_recipe $recipe
     * @param \stdClass $row
     * @return bool
     */
    private function is_taken(census_recipe $recipe, \stdClass $row): bool {
        if ($recipe->before !== null && $this->before !== null && $row->{$recipe->before} >= $this->before) {
            return false;
        }
        foreach (array_keys($recipe->choose) as $column) {
            $set = $this->chosen($recipe, $column, $row);
            if ($set !== null && $set !== self::NUMBER && !$this->names->has($set)) {
                return false;
            }
        }
        return true;
    }

    /**
     * The set that a row's column is about.
     *
     * @param census_recipe $recipe
     * @param string $column
     * @param \stdClass $row
     * @return string|null
     */
    private function chosen(census_recipe $recipe, string $column, \stdClass $row): ?string {
        $choice = $recipe->choose[$column];
        return $choice['sets'][implode('/', array_map(fn($by) => $row->$by, $choice['by']))] ?? null;
    }

    /**
     * The digest of a row, and the row as it was digested.
     *
     * @param census_recipe $recipe
     * @param \stdClass $row
     * @return array
     */
    public function digest(census_recipe $recipe, \stdClass $row): array {
        $values = $this->values($recipe, $row, $this->used($recipe), $this->column_info($recipe));
        return [hash('sha1', json_encode($values, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), true), $values];
    }

    /**
     * A row in words.
     *
     * @param census_recipe $recipe
     * @param \stdClass $row
     * @param string[] $columns
     * @param \database_column_info[] $info
     * @return array
     */
    private function values(census_recipe $recipe, \stdClass $row, array $columns, array $info): array {
        $values = [];
        foreach ($columns as $column) {
            $values[$column] = $this->value($recipe, $column, $row, $info[$column] ?? null);
        }
        $name = $this->names->inside($recipe->name, (int) $row->id);
        if ($name !== null) {
            // Two rows of one name are told apart by what their rows are, not by which came first.
            $values['='] = preg_replace('/ #\d+$/', '', $name);
        }
        return $values;
    }

    /**
     * The columns that are compared, sorted.
     *
     * @param census_recipe $recipe
     * @return string[]
     */
    public function used(census_recipe $recipe): array {
        return $this->used[$recipe->name] ??= $this->find_used($recipe);
    }

    /**
     * Finds them.
     *
     * @param census_recipe $recipe
     * @return string[]
     */
    private function find_used(census_recipe $recipe): array {
        $all = array_diff(array_merge(array_keys($this->column_info($recipe)), array_keys($recipe->extra)),
            array_keys($recipe->skip));
        if ($recipe->only !== []) {
            $all = array_intersect($all, $recipe->only);
        }
        if (isset($this->columns[$recipe->name])) {
            $all = array_intersect($all, $this->columns[$recipe->name]);
        }
        sort($all);
        return $all;
    }

    /**
     * Reads rows, in their order.
     *
     * @param census_recipe $recipe
     * @return \Generator
     */
    public function rows(census_recipe $recipe): \Generator {
        global $DB;
        $select = 't.*';
        foreach ($recipe->extra as $name => $sql) {
            $select .= ", $sql AS $name";
        }
        $column = str_contains($recipe->column, '.') ? $recipe->column : "t.$recipe->column";
        foreach (array_chunk($this->names->ids($recipe->set), self::CHUNK) as $ids) {
            [$in, $params] = $DB->get_in_or_equal($ids);
            $rows = $DB->get_recordset_sql("SELECT $select FROM {{$recipe->table}} t $recipe->join
                WHERE $column $in AND $recipe->when ORDER BY t.id", $params);
            foreach ($rows as $row) {
                yield $row;
            }
            $rows->close();
        }
    }

    /**
     * One value in words.
     *
     * @param census_recipe $recipe
     * @param string $column
     * @param \stdClass $row
     * @param \database_column_info|null $info
     * @return string|null
     */
    private function value(census_recipe $recipe, string $column, \stdClass $row, ?\database_column_info $info): ?string {
        $value = $row->$column ?? null;
        if (isset($recipe->convert[$column])) {
            return $this->values->{$recipe->convert[$column]}($value, $row, $recipe);
        }
        if (isset($recipe->choose[$column])) {
            $set = $this->chosen($recipe, $column, $row);
            return match ($set) {
                null => (string) $value,
                self::NUMBER => census_names::NOTHING,
                default => $this->names->of($set, $value),
            };
        }
        if (isset($recipe->refs[$column])) {
            return $this->names->of($recipe->refs[$column], $value);
        }
        if (in_array($column, $recipe->blank) && empty($value)) {
            return census_names::NOTHING;
        }
        return $this->values->plain($value, $info);
    }

    /**
     * What the database says of the columns.
     *
     * @param census_recipe $recipe
     * @return \database_column_info[]
     */
    private function column_info(census_recipe $recipe): array {
        global $DB;
        return $DB->get_columns($recipe->table);
    }

    /**
     * A name that begins with the parents'.
     *
     * @param int $id
     * @param string[] $own
     * @param int[] $parents
     * @return string
     */
    private static function path(int $id, array $own, array $parents): string {
        $parts = [];
        // A broken tree may go round in circles.
        for ($at = $id; isset($own[$at]) && count($parts) < 100; $at = $parents[$at]) {
            array_unshift($parts, $own[$at]);
        }
        return implode(' > ', $parts);
    }
}
