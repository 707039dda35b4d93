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
 * How the rows of one table are found and written in words that both platforms know.
 *
 * Recipes are data: an array for each table, in the files beside this one, with these keys.
 *
 * - of: the table, if the recipe has another name.
 * - in: "column:set": the rows whose column is one of a set. A set is another recipe of an earlier place, or one of those that
 *   census_activities fills: course, course_modules, the tables of activities, context, content_context.
 * - join, when, extra: SQL that joins further tables, narrows the rows, adds columns (by name).
 * - key: the columns that name a row. What has the same name is numbered in the order of the rows.
 * - tree: the column that holds the parent's number; names then begin with the parent's.
 * - refs: "column:set", where the numbers of others are; census_names knows further sets: user, role, scale, tag, …
 * - convert: by column, the method of census_values that writes it, given the value, the row and the recipe.
 * - choose: by column, which set its number is of: "by" names the columns that decide, "sets" the set for their values, joined by "/".
 * - only: the columns that are compared, where most are not.
 * - skip: by column, why it is not compared.
 * - blank: columns in which nothing, zero and the empty text are the same.
 * - before: the column with the time of a row; what is not older than the backup does not count, for the restore itself writes such rows.
 * - users: that the rows are people's, and only there with them.
 * - needs: the settings of the backup without which the rows are left out.
 *
 * All columns that a recipe does not mention are compared as they are, so that a column that nobody thought of makes a difference, and
 * not a gap.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_recipe {

    /** @var string SQL: the files of a course that core's backup takes. Of annotated PDFs it leaves out what can be made anew. */
    public const FILES = "component NOT IN ('backup', 'tool_recyclebin') AND (component <> 'assignfeedback_editpdf'
        OR filearea IN ('download', 'readonlypages', 'stamps'))";

    /** @var string The table. */
    public readonly string $table;

    /** @var string The column whose values are in a set. */
    public readonly string $column;

    /** @var string The set. */
    public readonly string $set;

    /** @var string SQL that joins. */
    public readonly string $join;

    /** @var string SQL that narrows. */
    public readonly string $when;

    /** @var string[] SQL of further columns, by name. */
    public readonly array $extra;

    /** @var string[] Columns that name a row. */
    public readonly array $key;

    /** @var string|null The column of the parent. */
    public readonly ?string $tree;

    /** @var string[] Sets, by column. */
    public readonly array $refs;

    /** @var array Sets that other columns decide, by column. */
    public readonly array $choose;

    /** @var string[] Methods, by column. */
    public readonly array $convert;

    /** @var string[] The columns that are compared; none are named where all are. */
    public readonly array $only;

    /** @var string[] Reasons, by column. */
    public readonly array $skip;

    /** @var string|null The column with the time of a row. */
    public readonly ?string $before;

    /** @var string[] Columns in which nothing is the same as zero. */
    public readonly array $blank;

    /** @var bool Whether the rows are people's. */
    public readonly bool $users;

    /** @var string[] Settings of the backup. */
    public readonly array $needs;

    /**
     * Reads a recipe.
     *
     * @param string $name
     * @param array $recipe
     */
    public function __construct(public readonly string $name, array $recipe) {
        $this->table = $recipe['of'] ?? $name;
        [$this->column, $this->set] = explode(':', $recipe['in']);
        $this->join = $recipe['join'] ?? '';
        $this->when = $recipe['when'] ?? '1 = 1';
        $this->extra = $recipe['extra'] ?? [];
        $this->key = self::words($recipe['key'] ?? '');
        $this->tree = $recipe['tree'] ?? null;
        $refs = [];
        foreach (self::words($recipe['refs'] ?? '') as $word) {
            [$column, $set] = explode(':', $word);
            $refs[$column] = $set;
        }
        $this->refs = $refs;
        $this->choose = array_map(fn($choice) => ['by' => self::words($choice['by'])] + $choice, $recipe['choose'] ?? []);
        $this->convert = $recipe['convert'] ?? [];
        $this->only = self::words($recipe['only'] ?? '');
        $this->skip = ['id' => 'a number of the platform'] + ($recipe['skip'] ?? []);
        $this->before = $recipe['before'] ?? null;
        $this->blank = self::words($recipe['blank'] ?? '');
        $this->users = $recipe['users'] ?? false;
        $this->needs = self::words($recipe['needs'] ?? '');
    }

    /**
     * Whether the backup takes such rows.
     *
     * @param array $conditions
     * @return bool
     */
    public function is_taken(array $conditions): bool {
        if ($this->users && empty($conditions['users'])) {
            return false;
        }
        foreach ($this->needs as $setting) {
            if (empty($conditions[$setting])) {
                return false;
            }
        }
        return true;
    }

    /**
     * All recipes, in the order in which they build upon each other.
     *
     * @return census_recipe[] By name.
     */
    public static function all(): array {
        $recipes = [];
        foreach (['course', 'groups', 'activities', 'questions', 'grades'] as $part) {
            $recipes += require(__DIR__ . "/$part.php");
        }
        $modules = glob(__DIR__ . '/mod/*.php');
        foreach ($modules as $file) {
            $recipes += require($file);
        }
        foreach (['attempts', 'people', 'files', 'logs'] as $part) {
            $recipes += require(__DIR__ . "/$part.php");
        }
        foreach ($recipes as $name => $recipe) {
            $recipes[$name] = new self($name, $recipe);
        }
        return $recipes;
    }

    /**
     * The activities that can be compared.
     *
     * @return string[]
     */
    public static function modules(): array {
        return array_map(fn($file) => basename($file, '.php'), glob(__DIR__ . '/mod/*.php'));
    }

    /**
     * The words of a list.
     *
     * @param string $text
     * @return string[]
     */
    private static function words(string $text): array {
        return preg_split('/\s+/', $text, -1, PREG_SPLIT_NO_EMPTY);
    }
}
