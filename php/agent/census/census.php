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

require_once(__DIR__ . '/../archive/counts.php');
require_once(__DIR__ . '/../archive/finish.php');
require_once(__DIR__ . '/../archive/left_behind.php');
require_once(__DIR__ . '/census_activities.php');
require_once(__DIR__ . '/census_contents.php');
require_once(__DIR__ . '/census_left.php');
require_once(__DIR__ . '/census_links.php');
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
    public const LAST = ['question_bank_entries', 'question', 'grade_grades', 'event', 'files', ...census_log::RECIPES];

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
        // An end that is asked with the columns of a Moodle before 5.0, whose question banks were the course's own.
        $ownbanks = !empty($params['columns']) && !isset($params['columns']['qbank']);
        $this->activities = new census_activities($this->names, $course, $ownbanks, !empty($params['without_notice']));
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
            'changes_since' => $left->changes_since($this->params['side'] ?? 'source', $this->params['logs_before'] ?? null),
            'unrest' => $left->unrest(),
        ] + (new census_contents($this->names, $this->task))->check();
    }

    /**
     * Counts and digests tables.
     *
     * @return array By name: rows, digest, columns, and those in which no row has anything.
     */
    public function answer_tables(): array {
        $tables = [];
        $last = array_flip(self::LAST);
        foreach (array_diff_key($this->recipes, $last) + $this->recipes as $name => $recipe) {
            $this->task->progress(count($tables), count($this->recipes), "counting $name");
            [$digests, $filled] = [[], []];
            foreach ($this->rows($name) as [$digest, $values]) {
                $digests[] = $digest;
                // Soon nothing is left of it: most columns are filled in the first rows.
                $filled += array_filter(array_diff_key($values, $filled),
                    fn(?string $value): bool => !in_array($value, [null, '', census_names::NOTHING], true));
            }
            sort($digests, SORT_STRING);
            $columns = $this->reader->used($recipe);
            $tables[$name] = ['rows' => count($digests), 'digest' => hash('sha256', implode('', $digests)), 'columns' => $columns,
                'empty' => $digests ? array_values(array_diff($columns, array_keys($filled))) : []];
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
        foreach ($name === 'course_format_options' ? $this->default_options() : [] as $row) {
            yield $this->reader->digest($recipe, $row);
        }
    }

    /**
     * Options of the course's format for which there is no row, so that the site's default holds. A restore writes them all.
     *
     * @return \stdClass[]
     */
    private function default_options(): array {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/course/lib.php');
        $format = course_get_format($this->course->id);
        if ($format->get_format() !== $this->course->format) {
            // The format is gone: there is nobody to ask.
            return [];
        }
        $of = ['courseid' => $this->course->id, 'format' => $this->course->format, 'sectionid' => 0];
        $there = $DB->get_records_menu('course_format_options', $of, '', 'name, value');
        $lacking = array_diff_key($format->get_format_options(), $there);
        $row = fn($name, $value) => (object) ($of + ['id' => 0, 'name' => $name, 'value' => $value]);
        return array_map($row, array_keys($lacking), $lacking);
    }
}
