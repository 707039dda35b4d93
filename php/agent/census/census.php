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

require_once(__DIR__ . '/census_activities.php');
require_once(__DIR__ . '/census_contents.php');
require_once(__DIR__ . '/census_left.php');
require_once(__DIR__ . '/census_log.php');
require_once(__DIR__ . '/census_names.php');
require_once(__DIR__ . '/census_reader.php');
require_once(__DIR__ . '/census_recipe.php');
require_once(__DIR__ . '/census_users.php');
require_once(__DIR__ . '/census_values.php');

/**
 * The census of one course.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census {

    /** @var int The version of the answer. */
    public const SCHEMA = 1;

    /** @var string[] Recipes whose rows depend on who takes part in the others, and which therefore come last. */
    public const LAST = ['event', 'files', ...census_log::RECIPES];

    /** @var string[] What users may be known by. */
    private const USER_KEYS = ['username', 'email', 'idnumber'];

    /** @var \stdClass The course. */
    public readonly \stdClass $course;

    /** @var census_names Names. */
    private readonly census_names $names;

    /** @var census_activities Sections, activities and places. */
    private readonly census_activities $activities;

    /** @var census_reader Reads. */
    private readonly census_reader $reader;

    /** @var census_recipe[] The recipes of this Moodle whose rows the backup takes, by name. */
    private array $recipes = [];

    /**
     * Begins a census: everything gets its name.
     *
     * @param array $params As the operation has them.
     * @param task $task
     */
    public function __construct(private readonly array $params, private readonly task $task) {
        global $DB;
        raise_memory_limit(MEMORY_HUGE);
        $key = $params['user_key'] ?? 'username';
        if (!in_array($key, self::USER_KEYS)) {
            throw new failure('bad_request', "Users cannot be known by '$key'");
        }
        $course = $DB->get_record('course', ['id' => (int) $params['course']]);
        if (!$course || $course->id == SITEID) {
            throw new failure('no_course', "There is no course {$params['course']}");
        }
        $this->course = $course;
        $conditions = $params['conditions'] ?? [];
        $included = isset($params['users_file']) ? census_users::read($params['users_file'], $key) : null;
        $this->names = new census_names($key, $params['user_table'] ?? [], !empty($conditions['users']), $included);
        $this->activities = new census_activities($this->names, $course);
        $this->reader = new census_reader($this->names, new census_values($this->names), $params['columns'] ?? [],
            $params['logs_before'] ?? null);
        foreach (census_recipe::all() as $name => $recipe) {
            if (!$recipe->is_taken($conditions) || !$this->reader->has($recipe)) {
                continue;
            }
            $this->recipes[$name] = $recipe;
            $task->progress(count($this->recipes), null, "naming $name");
            $this->reader->name($recipe);
            if ($name === 'block_instances') {
                $this->activities->place_blocks();
            }
        }
    }

    /**
     * Counts and digests.
     *
     * @return array The answer of archive.census.
     */
    public function answer(): array {
        global $CFG;
        $tables = $this->answer_tables();
        $left = new census_left($this->names, $this->activities, $this->course);
        $version = null;
        require($CFG->dirroot . '/version.php');
        return [
            'schema' => self::SCHEMA,
            'moodle' => sprintf('%.2F', $version),
            'course' => (int) $this->course->id,
            'shortname' => $this->course->shortname,
            'tables' => (object) $tables,
            'not_compared' => $left->not_compared(),
            'unrest' => $left->unrest(),
        ] + (new census_contents($this->names, $this->task))->check();
    }

    /**
     * Counts and digests tables.
     *
     * @return array By name: rows, digest, columns.
     */
    public function answer_tables(): array {
        $tables = [];
        foreach ($this->recipes as $name => $recipe) {
            $this->task->progress(count($tables), count($this->recipes), "counting $name");
            $digests = [];
            foreach ($this->rows($name) as [$digest]) {
                $digests[] = $digest;
            }
            sort($digests, SORT_STRING);
            $tables[$name] = ['rows' => count($digests), 'digest' => hash('sha256', implode('', $digests)),
                'columns' => $this->reader->used($recipe)];
        }
        return $tables;
    }

    /**
     * The rows of one table.
     *
     * @param string $name
     * @return \Generator Digest (binary) and row.
     */
    public function rows(string $name): \Generator {
        $recipe = $this->recipes[$name] ?? null;
        if ($recipe === null) {
            return;
        }
        if (in_array($name, census_log::RECIPES)) {
            yield from census_log::rows($this->reader, $recipe, $this->names, $this->params);
            return;
        }
        yield from $this->reader->digests($recipe);
    }
}
