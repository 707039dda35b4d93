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
 * Configuration and users, as far as Provost asks for them.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Returns configuration: what the database has, and over it what config.php says.
 *
 * @param string|null $plugin "core" or nothing for the main table.
 * @param string|null $name One value only.
 * @return mixed An object of all values; with a name its value, or false.
 */
function get_config($plugin, $name = null) {
    global $CFG, $DB;
    if (empty($plugin) || $plugin === 'core' || $plugin === 'moodle') {
        $values = $DB->get_records_menu('config', [], 'name', 'name, value');
        $forced = array_filter($CFG->config_php_settings, 'is_scalar');
    } else {
        $values = $DB->get_records_menu('config_plugins', ['plugin' => $plugin], 'name', 'name, value');
        $forced = $CFG->forced_plugin_settings[$plugin] ?? [];
    }
    $values = array_map('strval', $forced) + $values;
    return $name === null ? (object) $values : $values[$name] ?? false;
}

/**
 * Writes one value of the configuration.
 *
 * @param string $name
 * @param string|int|float|bool|null $value Null takes it away.
 * @param string|null $plugin Nothing for the main table.
 * @return bool
 */
function set_config($name, $value, $plugin = null) {
    global $CFG, $DB;
    $core = empty($plugin) || $plugin === 'core';
    $table = $core ? 'config' : 'config_plugins';
    $key = $core ? ['name' => $name] : ['plugin' => $plugin, 'name' => $name];
    if ($core && !array_key_exists($name, $CFG->config_php_settings)) {
        $CFG->{$name} = $value === null ? null : (string) $value;
    }
    if ($value === null) {
        $DB->delete_records($table, $key);
    } else if ($DB->get_field($table, 'id', $key)) {
        $DB->set_field($table, 'value', (string) $value, $key);
    } else {
        $DB->insert_record($table, $key + ['value' => (string) $value]);
    }
    return true;
}

/**
 * Takes one value of the configuration away.
 *
 * @param string $name
 * @param string|null $plugin
 * @return bool
 */
function unset_config($name, $plugin = null) {
    return set_config($name, null, $plugin);
}

/**
 * Empties all caches, and gives the theme another revision. There are none, but for the revision.
 */
function purge_all_caches() {
    global $CFG;
    set_config('themerev', max(time(), (int) ($CFG->themerev ?? 0) + 1));
}

/**
 * Whether no installation has been finished.
 *
 * @return bool
 */
function during_initial_install() {
    global $CFG;
    return empty($CFG->rolesactive);
}

/**
 * Whether the code is another one than the database was last brought up to.
 *
 * @return bool
 */
function moodle_needs_upgrading() {
    global $CFG;
    return empty($CFG->version) || empty($CFG->allversionshash)
        || core_component::get_all_versions_hash() !== $CFG->allversionshash;
}

/**
 * Returns the main administrator.
 *
 * @return stdClass|false
 */
function get_admin() {
    global $CFG, $DB;
    return $DB->get_record('user', ['id' => (int) ($CFG->siteadmins ?? 0), 'deleted' => 0]);
}

/**
 * Checks a name and a password.
 *
 * @param string $username
 * @param string $password
 * @return stdClass|false The user.
 */
function authenticate_user_login($username, $password) {
    global $DB;
    $user = $DB->get_record('user', ['username' => $username, 'deleted' => 0]);
    return $user && password_verify($password, $user->password) ? $user : false;
}

/**
 * An error with a code.
 */
class moodle_exception extends Exception {

    /** @var string The code. */
    public $errorcode;

    /** @var string|null More, for those who debug. */
    public $debuginfo;

    /**
     * Makes one.
     *
     * @param string $errorcode
     * @param string $message
     * @param string|null $debuginfo
     */
    public function __construct($errorcode, $message, $debuginfo = null) {
        parent::__construct($message);
        $this->errorcode = $errorcode;
        $this->debuginfo = $debuginfo;
    }
}

/**
 * Says what nobody caught, and ends with 1.
 *
 * @param Throwable $thrown
 */
function default_exception_handler(Throwable $thrown) {
    if (CLI_SCRIPT) {
        fwrite(STDERR, '!!! ' . $thrown->getMessage() . " !!!\n");
    } else {
        http_response_code($thrown instanceof dml_connection_exception ? 503 : 500);
        page('Error', '<p class="errormessage">' . s($thrown->getMessage()) . '</p>');
    }
    exit(1);
}
