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

/**
 * The tables: what they should be, and whether they are.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Knows the tables of one database.
 */
class database_manager {

    /** @var array Each table's columns with their types; besides "id", which all of them have. */
    private const TABLES = [
        'config' => ['name' => 'varchar(255)', 'value' => 'text'],
        'config_plugins' => ['plugin' => 'varchar(100)', 'name' => 'varchar(100)', 'value' => 'text'],
        'course' => [
            'category' => 'bigint', 'fullname' => 'varchar(1333)', 'shortname' => 'varchar(255)', 'format' => 'varchar(21)',
        ],
        'user' => [
            'username' => 'varchar(100)', 'password' => 'varchar(255)', 'firstname' => 'varchar(100)',
            'lastname' => 'varchar(100)', 'email' => 'varchar(100)', 'deleted' => 'smallint',
        ],
    ];

    /** @var array What is unique in each table. */
    private const KEYS = [
        'config' => 'name', 'config_plugins' => 'plugin, name', 'course' => 'shortname', 'user' => 'username',
    ];

    /** @var moodle_database */
    private $database;

    /** @var object Who writes names. */
    public $generator;

    /**
     * Makes one.
     *
     * @param moodle_database $database
     */
    public function __construct(moodle_database $database) {
        $this->database = $database;
        $this->generator = new class {
            /**
             * A name as SQL takes it; no name here needs quotes.
             *
             * @param string $name
             * @return string
             */
            public function getEncQuoted($name) {
                return $name;
            }
        };
    }

    /**
     * Returns what the tables should be.
     *
     * @return array Of table to columns with their types.
     */
    public function get_install_xml_schema() {
        return self::TABLES;
    }

    /**
     * Makes all tables.
     *
     * @param array $schema
     */
    public function install_from_schema(array $schema) {
        foreach ($schema as $table => $columns) {
            $lines = [$this->database->get_dbfamily() === 'mysql'
                ? 'id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY' : 'id bigserial PRIMARY KEY'];
            foreach ($columns as $name => $type) {
                $lines[] = "$name $type NOT NULL";
            }
            $lines[] = 'UNIQUE (' . self::KEYS[$table] . ')';
            $this->database->execute("CREATE TABLE {{$table}} (" . implode(', ', $lines) . ')');
        }
    }

    /**
     * Compares the tables with what they should be.
     *
     * @param array $schema
     * @return array Of table to a list of what is wrong with it.
     */
    public function check_database_schema(array $schema) {
        $there = $this->database->get_tables(false);
        $errors = [];
        foreach ($schema as $table => $columns) {
            if (!isset($there[$table])) {
                $errors[$table][] = 'table is missing';
                continue;
            }
            $found = $this->columns($table);
            foreach (array_diff_key(['id' => 0] + $columns, $found) as $name => $type) {
                $errors[$table][] = "column '$name' is missing";
            }
            foreach (array_diff_key($found, ['id' => 0] + $columns) as $name => $type) {
                $errors[$table][] = "column '$name' is not expected ($type)";
            }
            foreach (array_intersect_key($found, $columns) as $name => $type) {
                if ($type !== $columns[$name]) {
                    $errors[$table][] = "column '$name' has incorrect type '$type', expected '$columns[$name]'";
                }
            }
        }
        foreach (array_diff_key($there, $schema) as $table) {
            $errors[$table][] = 'table is not expected';
        }
        return $errors;
    }

    /**
     * Returns the columns that a table has.
     *
     * @param string $table
     * @return array Of name to type.
     */
    private function columns($table) {
        global $CFG;
        if ($this->database->get_dbfamily() === 'mysql') {
            // MariaDB says how wide integers are shown, which tells nothing about them.
            $columns = $this->database->get_record_sql("SELECT json_objectagg(column_name,
                    regexp_replace(column_type, '(int)\\\\([0-9]+\\\\)', '\\\\1')) AS found
                FROM information_schema.columns WHERE table_schema = database() AND table_name = ?", ["$CFG->prefix$table"]);
            return json_decode($columns->found, true);
        }
        $columns = $this->database->get_record_sql("SELECT json_object_agg(a.attname,
                replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar')) AS found
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped", ["\"$CFG->prefix$table\""]);
        return json_decode($columns->found, true);
    }
}
