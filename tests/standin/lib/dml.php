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
 * The database, with the part of Moodle's interface to it that Provost and the stand-in itself use. PostgreSQL and
 * MariaDB, through PDO.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/dmlexceptions.php');

/**
 * One connection.
 */
class moodle_database {

    /** @var PDO|null The connection; made with the first query, or earlier. */
    private $pdo = null;

    /** @var bool Whether it is MariaDB, and not PostgreSQL. */
    private $mariadb = false;

    /** @var string What table names begin with. */
    private $prefix = '';

    /** @var int How many queries read. */
    private $reads = 0;

    /** @var int How many queries wrote. */
    private $writes = 0;

    /**
     * Connects.
     *
     * @param string $host
     * @param string $user
     * @param string $password
     * @param string $name
     * @param string $prefix
     * @param array $options dbport, and dbsocket: the socket, for PostgreSQL its directory; used if the host is localhost.
     */
    public function connect($host, $user, $password, $name, $prefix, array $options) {
        global $CFG;
        $this->prefix = $prefix;
        $this->mariadb = $CFG->dbtype === 'mariadb';
        $socket = $options['dbsocket'] ?? '';
        if (is_string($socket) && str_contains($socket, '/') && ($host === 'localhost' || $host === '127.0.0.1')) {
            $host = $socket;
        }
        $where = str_contains($host, '/') && $this->mariadb ? "unix_socket=$host" : "host=$host";
        $dsn = ($this->mariadb ? 'mysql:charset=utf8mb4;' : 'pgsql:') . "$where;dbname=$name;" .
            (empty($options['dbport']) ? '' : "port={$options['dbport']};");
        try {
            $this->pdo = new PDO($dsn, $user, $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        } catch (PDOException $e) {
            throw new dml_connection_exception($e->getMessage());
        }
    }

    /**
     * Returns the kind of database.
     *
     * @return string
     */
    public function get_dbfamily() {
        return $this->mariadb ? 'mysql' : 'postgres';
    }

    /**
     * Returns how many queries read since the connection was made.
     *
     * @return int
     */
    public function perf_get_reads() {
        return $this->reads;
    }

    /**
     * Returns how many queries wrote since the connection was made.
     *
     * @return int
     */
    public function perf_get_writes() {
        return $this->writes;
    }

    /**
     * Returns who knows about tables.
     *
     * @return database_manager
     */
    public function get_manager() {
        return new database_manager($this);
    }

    /**
     * Returns the names of the tables with our prefix, without it.
     *
     * @param bool $usecache Nothing is cached here.
     * @return string[] By name.
     */
    public function get_tables($usecache = true) {
        $rows = $this->read($this->mariadb
            ? 'SELECT table_name AS tablename FROM information_schema.tables WHERE table_schema = database() ORDER BY table_name'
            : 'SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = ANY (current_schemas(false))
            ORDER BY tablename', []);
        $tables = [];
        foreach ($rows as $row) {
            if ($this->prefix === '' || str_starts_with($row->tablename, $this->prefix)) {
                $name = substr($row->tablename, strlen($this->prefix));
                $tables[$name] = $name;
            }
        }
        return $tables;
    }

    /**
     * Returns one row, or false.
     *
     * @param string $table
     * @param array $conditions
     * @param string $fields
     * @return stdClass|false
     */
    public function get_record($table, array $conditions, $fields = '*') {
        return current($this->read("SELECT $fields FROM {{$table}}" . $this->where($conditions), $conditions));
    }

    /**
     * Returns the one row of a query, or false.
     *
     * @param string $sql
     * @param array $params
     * @return stdClass|false
     */
    public function get_record_sql($sql, array $params = []) {
        return current($this->read($sql, $params));
    }

    /**
     * Returns one value, or false.
     *
     * @param string $table
     * @param string $field
     * @param array $conditions
     * @return mixed
     */
    public function get_field($table, $field, array $conditions) {
        $row = $this->get_record($table, $conditions, $field);
        return $row ? $row->{$field} : false;
    }

    /**
     * Returns the first two fields of rows, as a map.
     *
     * @param string $table
     * @param array $conditions
     * @param string $sort
     * @param string $fields
     * @return array
     */
    public function get_records_menu($table, array $conditions = [], $sort = '', $fields = '*') {
        $sql = "SELECT $fields FROM {{$table}}" . $this->where($conditions) . ($sort === '' ? '' : " ORDER BY $sort");
        return $this->menu($this->read($sql, $conditions));
    }

    /**
     * Returns the first two fields of rows, as a map.
     *
     * @param string $table
     * @param string $select
     * @param array $params
     * @param string $sort
     * @param string $fields
     * @return array
     */
    public function get_records_select_menu($table, $select, array $params = [], $sort = '', $fields = '*') {
        $sql = "SELECT $fields FROM {{$table}} WHERE $select" . ($sort === '' ? '' : " ORDER BY $sort");
        return $this->menu($this->read($sql, $params));
    }

    /**
     * Returns rows.
     *
     * @param string $table
     * @param string $select
     * @param array $params By name.
     * @param string $sort
     * @param string $fields
     * @param int $from
     * @param int $most All if 0.
     * @return stdClass[] By their first field.
     */
    public function get_records_select($table, $select, array $params = [], $sort = '', $fields = '*', $from = 0, $most = 0) {
        $sql = "SELECT $fields FROM {{$table}} WHERE $select" . ($sort === '' ? '' : " ORDER BY $sort");
        $sql .= $most > 0 ? " LIMIT $most OFFSET $from" : '';
        $this->reads++;
        $rows = [];
        foreach ($this->query($sql, $params, dml_read_exception::class)->fetchAll(PDO::FETCH_OBJ) as $row) {
            $rows[current((array) $row)] = $row;
        }
        return $rows;
    }

    /**
     * Returns the columns of a table.
     *
     * @param string $table
     * @return database_column_info[] By name.
     */
    public function get_columns($table) {
        $rows = $this->read('SELECT column_name AS name, data_type AS type, character_maximum_length AS longest
            FROM information_schema.columns WHERE table_name = ? AND table_schema = '
            . ($this->mariadb ? 'database()' : 'current_schema()') . ' ORDER BY ordinal_position', ["$this->prefix$table"]);
        $columns = [];
        foreach ($rows as $row) {
            $columns[$row->name] = new database_column_info($row->name, $row->type, (int) $row->longest);
        }
        return $columns;
    }

    /**
     * The condition that a field is like a pattern.
     *
     * @param string $field
     * @param string $param
     * @param bool $casesensitive
     * @return string
     */
    public function sql_like($field, $param, $casesensitive = true) {
        return $casesensitive ? "$field LIKE $param" : "lower($field) LIKE lower($param)";
    }

    /**
     * A text in a pattern.
     *
     * @param string $text
     * @return string
     */
    public function sql_like_escape($text) {
        return addcslashes($text, '%_\\');
    }

    /**
     * The condition that a field is not empty.
     *
     * @param string $table
     * @param string $field
     * @param bool $nullable
     * @param bool $text
     * @return string
     */
    public function sql_isnotempty($table, $field, $nullable, $text) {
        return "$field <> ''";
    }

    /**
     * Whether texts can be replaced.
     *
     * @return bool
     */
    public function replace_all_text_supported() {
        return true;
    }

    /**
     * Replaces a text in all rows.
     *
     * @param string $table
     * @param database_column_info $column
     * @param string $search
     * @param string $replace
     */
    public function replace_all_text($table, database_column_info $column, $search, $replace) {
        if (in_array($column->meta_type, ['C', 'X'])) {
            $this->write("UPDATE {{$table}} SET $column->name = replace($column->name, ?, ?)", [$search, $replace]);
        }
    }

    /**
     * Counts rows.
     *
     * @param string $table
     * @param array $conditions
     * @return int
     */
    public function count_records($table, array $conditions = []) {
        $sql = "SELECT count(*) AS n FROM {{$table}}" . $this->where($conditions);
        return (int) current($this->read($sql, $conditions))->n;
    }

    /**
     * Counts rows.
     *
     * @param string $table
     * @param string $select
     * @param array $params
     * @return int
     */
    public function count_records_select($table, $select, array $params = []) {
        return (int) current($this->read("SELECT count(*) AS n FROM {{$table}} WHERE $select", $params))->n;
    }

    /**
     * Makes the condition that a field is one of several values.
     *
     * @param array $items
     * @return array The condition's text, and its parameters.
     */
    public function get_in_or_equal(array $items) {
        return ['IN (' . implode(',', array_fill(0, count($items), '?')) . ')', array_values($items)];
    }

    /**
     * Adds a row.
     *
     * @param string $table
     * @param array|stdClass $row
     * @return int Its id.
     */
    public function insert_record($table, $row) {
        $row = (array) $row;
        $names = implode(',', array_keys($row));
        $marks = implode(',', array_fill(0, count($row), '?'));
        $this->writes++;
        $sql = "INSERT INTO {{$table}} ($names) VALUES ($marks) RETURNING id";
        return (int) $this->query($sql, array_values($row), dml_write_exception::class)->fetchColumn();
    }

    /**
     * Changes one field of rows.
     *
     * @param string $table
     * @param string $field
     * @param mixed $value
     * @param array $conditions
     */
    public function set_field($table, $field, $value, array $conditions) {
        $this->write("UPDATE {{$table}} SET $field = ?" . $this->where($conditions), [$value, ...array_values($conditions)]);
    }

    /**
     * Takes rows away.
     *
     * @param string $table
     * @param array $conditions
     */
    public function delete_records($table, array $conditions) {
        $this->write("DELETE FROM {{$table}}" . $this->where($conditions), $conditions);
    }

    /**
     * Runs a statement.
     *
     * @param string $sql
     * @param array $params
     */
    public function execute($sql, array $params = []) {
        $this->write($sql, $params);
    }

    /**
     * Begins a transaction.
     */
    public function start_delegated_transaction() {
        $this->pdo->beginTransaction();
    }

    /**
     * Whether a transaction is open.
     *
     * @return bool
     */
    public function is_transaction_started() {
        return $this->pdo !== null && $this->pdo->inTransaction();
    }

    /**
     * Ends an open transaction without effect.
     */
    public function force_transaction_rollback() {
        if ($this->is_transaction_started()) {
            $this->pdo->rollBack();
        }
    }

    /**
     * The text of a condition.
     *
     * @param array $conditions
     * @return string
     */
    private function where(array $conditions) {
        $terms = array_map(fn($field) => "$field = ?", array_keys($conditions));
        return $terms === [] ? '' : ' WHERE ' . implode(' AND ', $terms);
    }

    /**
     * Makes a map of the first two fields.
     *
     * @param stdClass[] $rows
     * @return array
     */
    private function menu(array $rows) {
        $menu = [];
        foreach ($rows as $row) {
            [$key, $value] = array_values((array) $row);
            $menu[$key] = $value;
        }
        return $menu;
    }

    /**
     * Runs what reads.
     *
     * @param string $sql
     * @param array $params
     * @return stdClass[]
     */
    private function read($sql, array $params) {
        $this->reads++;
        return $this->query($sql, array_values($params), dml_read_exception::class)->fetchAll(PDO::FETCH_OBJ);
    }

    /**
     * Runs what writes.
     *
     * @param string $sql
     * @param array $params
     */
    private function write($sql, array $params) {
        $this->writes++;
        $this->query($sql, array_values($params), dml_write_exception::class);
    }

    /**
     * Runs a statement in which {table} stands for the table's full name.
     *
     * @param string $sql
     * @param array $params
     * @param string $exception The class of errors.
     * @return PDOStatement
     */
    private function query($sql, array $params, $exception) {
        $sql = preg_replace('/\{([a-z][a-z0-9_]*)\}/', $this->prefix . '$1', $sql);
        try {
            $statement = $this->pdo->prepare($sql);
            $statement->execute($params);
            return $statement;
        } catch (PDOException $e) {
            throw new $exception($e->getMessage(), $sql, $params);
        }
    }
}

/**
 * What is known of a column.
 */
class database_column_info {

    /** @var string C for short texts, X for long ones, I for all else. */
    public $meta_type;

    /**
     * Makes one.
     *
     * @param string $name
     * @param string $type
     * @param int $max_length
     */
    public function __construct(public $name, $type, public $max_length) {
        $types = ['character varying' => 'C', 'varchar' => 'C', 'text' => 'X', 'longtext' => 'X'];
        $this->meta_type = $types[$type] ?? 'I';
    }
}
