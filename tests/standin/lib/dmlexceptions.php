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
 * What goes wrong with a database.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/moodlelib.php');

/**
 * Any of it.
 */
class dml_exception extends moodle_exception {
}

/**
 * There is no connection.
 */
class dml_connection_exception extends dml_exception {

    /**
     * Makes one.
     *
     * @param string $error What the driver said.
     */
    public function __construct($error) {
        parent::__construct('dbconnectionfailed', 'Error: Database connection failed', $error);
    }
}

/**
 * A statement failed.
 */
abstract class dml_statement_exception extends dml_exception {

    /** @var string What the database said. */
    public $error;

    /** @var string The statement. */
    public $sql;

    /** @var array Its values. */
    public $params;

    /**
     * Makes one.
     *
     * @param string $error
     * @param string $sql
     * @param array $params
     */
    public function __construct($error, $sql, array $params) {
        $this->error = $error;
        $this->sql = $sql;
        $this->params = $params;
        $reading = $this instanceof dml_read_exception;
        parent::__construct($reading ? 'dmlreadexception' : 'dmlwriteexception',
            $reading ? 'Error reading from database' : 'Error writing to database',
            "$error\n$sql\n[" . var_export($params, true) . ']');
    }
}

/**
 * A statement that reads failed.
 */
class dml_read_exception extends dml_statement_exception {
}

/**
 * A statement that writes failed.
 */
class dml_write_exception extends dml_statement_exception {
}
