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


use provost\address;
use provost\address_places;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Puts new addresses in the place of old ones in everything that the database holds as text.
 *
 * Core's own search and replace does the tables in which it does the right thing with every value: it knows no boundaries, no
 * serialised values, cuts what grows too long, and leaves settings, filters, blocks and repositories out. What it would get wrong, or
 * not get at, is done here, value by value. What would be cut stays as it is.
 *
 * Parameters: pairs, a list of maps with from, to and except; see the class address. Answer: core, the tables that core did; values,
 * how many were changed here; settled, how many of them by table; left, what stays: a list of maps with table, column, rows and why.
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

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once("$CFG->libdir/adminlib.php");
        foreach ($params['pairs'] ?? [] as $pair) {
            if (!is_string($pair['from'] ?? null) || !is_string($pair['to'] ?? null) || $pair['from'] === '') {
                throw new failure('bad_request', "'pairs' must be a list of maps with 'from' and 'to'");
            }
        }
        $pairs = array_values(array_filter($params['pairs'] ?? [], fn($pair) => $pair['from'] !== $pair['to']));
        $address = new address($pairs);
        $places = new address_places($address);
        [$plain, $held, $without] = $this->look($address, $places, $task);
        $this->let_core($address, $plain, $task);
        $answer = $this->replace($places, $held, $task);
        foreach ($without as $table) {
            $answer['left'][] = ['table' => $table, 'column' => '', 'rows' => 0, 'why' => 'its rows have no number'];
        }
        $this->addresses_of_mail($pairs, $task);
        $this->end_sessions();
        rebuild_course_cache(0, true);
        purge_all_caches();
        $task->effect('caches');
        return ['core' => $plain] + $answer;
    }

    /**
     * Looks which tables hold an address, and in which of them core gets every value right.
     *
     * @param address $address
     * @param address_places $places
     * @param task $task
     * @return array The tables for core, all tables with an address, and those that cannot be gone through.
     */
    private function look(address $address, address_places $places, task $task): array {
        $held = $plain = $wrong = [];
        $look = function ($table, $column, $id, $value, $changed, $why) use ($address, &$held, &$plain, &$wrong) {
            $held[$table] = true;
            $cores = $value;
            foreach ($address->pairs() as [$from, $to]) {
                $cores = str_replace($from, $to, $cores);
            }
            $cut = $column->meta_type === 'C' && \core_text::strlen($cores) > $column->max_length;
            if ($cores !== $value) {
                $plain[$table] = true;
            }
            if ($why !== null || $cut || $address->text($cores) !== $changed) {
                $wrong[$table] = true;
            }
        };
        $without = $places->visit($look, $task);
        $plain = array_filter(array_keys(array_diff_key($plain, $wrong)), fn($table) => db_should_replace($table));
        return [array_values($plain), array_keys($held), $without];
    }

    /**
     * Has core replace in some tables.
     *
     * @param address $address
     * @param string[] $tables
     * @param task $task
     */
    private function let_core(address $address, array $tables, task $task): void {
        global $DB;
        if (!$tables || !$DB->replace_all_text_supported()) {
            return;
        }
        foreach ($address->pairs() as [$from, $to]) {
            // What blocks do by themselves comes after: they keep to no boundaries, and what they look for is done below.
            foreach ($tables as $table) {
                foreach ($DB->get_columns($table) as $column) {
                    if (db_should_replace($table, $column->name)) {
                        $DB->replace_all_text($table, $column, $from, $to);
                    }
                }
                $task->effect($table);
            }
            $event = ['context' => \context_system::instance(), 'other' => ['search' => $from, 'replace' => $to]];
            \core\event\database_text_field_content_replaced::create($event)->trigger();
        }
    }

    /**
     * Replaces in what is left.
     *
     * @param address_places $places
     * @param string[] $tables
     * @param task $task
     * @return array values, settled and left of the answer.
     */
    private function replace(address_places $places, array $tables, task $task): array {
        global $DB;
        $settled = $left = [];
        $put = function ($table, $column, $id, $value, $changed, $why) use ($DB, &$settled, &$left) {
            if ($why === null) {
                try {
                    $DB->set_field($table, $column->name, $changed, ['id' => $id]);
                    $settled[$table] = ($settled[$table] ?? 0) + 1;
                    return;
                } catch (\dml_write_exception) {
                    $why = 'the new value is there already, and must not be there twice';
                }
            }
            $key = "$table.$column->name.$why";
            $left[$key] ??= ['table' => $table, 'column' => $column->name, 'rows' => 0, 'why' => $why];
            $left[$key]['rows']++;
        };
        $places->visit($put, $task, $tables);
        foreach (array_keys($settled) as $table) {
            $task->effect($table);
        }
        return ['values' => array_sum($settled), 'settled' => (object) $settled, 'left' => array_values($left)];
    }

    /**
     * The address that nobody reads is made of the host by core's installer: where it still is, it is made anew.
     *
     * @param array $pairs
     * @param task $task
     */
    private function addresses_of_mail(array $pairs, task $task): void {
        global $DB;
        foreach (array_filter($pairs, fn($pair) => str_contains($pair['from'], '://')) as $pair) {
            [$from, $to] = array_map(fn($url) => 'noreply@' . parse_url($url, PHP_URL_HOST), [$pair['from'], $pair['to']]);
            if ($from !== $to && $DB->get_field('config', 'value', ['name' => 'noreplyaddress']) === $from) {
                set_config('noreplyaddress', $to);
                $task->effect('noreplyaddress');
            }
        }
    }

    /**
     * Ends all sessions: they are those of another address.
     */
    private function end_sessions(): void {
        if (method_exists(\core\session\manager::class, 'destroy_all')) {
            \core\session\manager::destroy_all();
        } else {
            \core\session\manager::kill_all_sessions();
        }
    }
};
