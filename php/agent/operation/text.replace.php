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
 * Puts a text in the place of another one in everything that people wrote: what admin/tool/replace/cli/replace.php does, where it
 * is in the database at all. Settings, sessions, logs and hashes are left alone, as core leaves them; so are names that code goes by, in which
 * core would replace: capabilities, tasks, services, versions.
 *
 * Parameters: search, replace, dry (whether it is only counted). Answer: see rows.php, a row for each column with how many of its rows hold
 * the text. A value that would become too long for its column stops the site before anything is changed.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var string Tables that hold names of code, or what a site keeps account of, and no text of people. */
    private const NAMES = '/^(analytics_|block$|cache_|capabilities$|config|external_(functions|services)|h5p_librar|lock_db$|log_|logstore_|message_p|'
        . 'messageinbound_|mnet_|modules$|portfolio_instance_config$|repository$|role_(capabilities|context_levels)$|search_|stats_|tag_area$|'
        . 'task_|tool_customlang|tool_usertours_|upgrade_|user_preferences$|user_private_key$)/';

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }
    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG, $DB;
        require_once("$CFG->libdir/adminlib.php");
        require_once(__DIR__ . '/../rows.php');
        $search = (string) ($params['search'] ?? '');
        $replace = (string) ($params['replace'] ?? '');
        if ($search === '' || $search === $replace) {
            throw new failure('bad_request', "'search' must be a text that differs from 'replace'");
        }
        if (!$DB->replace_all_text_supported()) {
            throw new failure('refused', 'the database of this site cannot replace in texts');
        }
        $rows = new rows(['table', 'column', 'rows']);
        $columns = $this->columns($search, $replace, $task);
        foreach ($columns as [$table, $column, $count]) {
            $rows->change($table, $column->name, $count);
        }
        if (empty($params['dry']) && $columns) {
            foreach ($columns as [$table, $column]) {
                $DB->replace_all_text($table, $column, $search, $replace);
                $task->effect("$table.$column->name");
            }
            $this->let_blocks($search, $replace);
            $other = ['search' => $search, 'replace' => $replace];
            \core\event\database_text_field_content_replaced::create(['context' => \context_system::instance(), 'other' => $other])->trigger();
            rebuild_course_cache(0, true);
            purge_all_caches();
        }
        return $rows->answer();
    }

    /**
     * The columns that hold the text.
     *
     * @param string $search
     * @param string $replace
     * @param task $task
     * @return array Lists of a table, a column and how many rows.
     */
    private function columns(string $search, string $replace, task $task): array {
        global $DB;
        $found = [];
        $tables = array_values(array_filter($DB->get_tables(), fn($table) => db_should_replace($table) && !preg_match(self::NAMES, $table)));
        foreach ($tables as $number => $table) {
            $task->progress($number, count($tables), $table);
            foreach ($DB->get_columns($table) as $column) {
                if (!in_array($column->meta_type, ['C', 'X'], true) || !db_should_replace($table, $column->name)) {
                    continue;
                }
                $like = $DB->sql_like($column->name, '?');
                $values = ['%' . $DB->sql_like_escape($search) . '%'];
                $count = $DB->count_records_select($table, $like, $values);
                if ($count === 0) {
                    continue;
                }
                $growth = \core_text::strlen($replace) - \core_text::strlen($search);
                if ($column->meta_type === 'C' && $growth > 0) {
                    $this->check($table, $column, $like, $values, $search, $replace);
                }
                $found[] = [$table, $column, $count];
            }
        }
        return $found;
    }

    /**
     * That nothing would be cut.
     *
     * @param string $table
     * @param \database_column_info $column
     * @param string $like
     * @param array $values
     * @param string $search
     * @param string $replace
     */
    private function check(string $table, \database_column_info $column, string $like, array $values, string $search, string $replace): void {
        global $DB;
        $held = $DB->get_recordset_select($table, $like, $values, '', $column->name);
        foreach ($held as $row) {
            if (\core_text::strlen(str_replace($search, $replace, $row->{$column->name})) > $column->max_length) {
                $held->close();
                throw new failure('too_long', "a value of $table.$column->name would become longer than $column->max_length characters");
            }
        }
        $held->close();
    }

    /**
     * Has blocks replace in what they keep in a form of their own.
     *
     * @param string $search
     * @param string $replace
     */
    private function let_blocks(string $search, string $replace): void {
        foreach (\core_component::get_plugin_list('block') as $name => $directory) {
            if (is_readable("$directory/lib.php")) {
                require_once("$directory/lib.php");
                $function = "block_{$name}_global_db_replace";
                if (function_exists($function)) {
                    $function($search, $replace);
                }
            }
        }
    }
};
