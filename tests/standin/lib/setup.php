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
 * Brings the stand-in up. config.php ends in this, having filled $CFG; after it $CFG, $DB, $SITE and $USER are there.
 *
 * What it does and refuses, in which order and with which exit status, is as in Moodle's lib/setup.php.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

global $CFG, $DB, $SITE, $COURSE, $USER;

define('MOODLE_INTERNAL', true);
define('MATURITY_ALPHA', 50);
define('MATURITY_BETA', 100);
define('MATURITY_RC', 150);
define('MATURITY_STABLE', 200);
defined('CLI_SCRIPT') || define('CLI_SCRIPT', false);

if (CLI_SCRIPT !== (PHP_SAPI === 'cli')) {
    echo CLI_SCRIPT ? "Command line scripts can not be executed from the web interface\n"
        : "Command line scripts must define CLI_SCRIPT before requiring config.php\n";
    exit(1);
}

$CFG->config_php_settings = (array) $CFG;
$CFG->forced_plugin_settings ??= [];
$CFG->dirroot = dirname(__DIR__);
$CFG->libdir = __DIR__;
$CFG->cachedir = "$CFG->dataroot/cache";
$CFG->wwwroot = rtrim($CFG->wwwroot ?? '', '/');

if ($CFG->wwwroot === '' || $CFG->wwwroot === 'http:///') {
    echo "Fatal error: \$CFG->wwwroot is not configured! Exiting.\n";
    exit(1);
}
if (!is_dir($CFG->dataroot) || !is_writable($CFG->dataroot)) {
    CLI_SCRIPT || http_response_code(503);
    echo "Fatal error: \$CFG->dataroot is not configured properly, directory does not exist or is not accessible! Exiting.\n";
    exit(1);
}
umask(~($CFG->directorypermissions ?? 02777) & 0777);

require_once(__DIR__ . '/weblib.php');

if (!CLI_SCRIPT && file_exists("$CFG->dataroot/climaintenance.html")) {
    http_response_code(503);
    header('Retry-After: 300');
    readfile("$CFG->dataroot/climaintenance.html");
    exit(1);
}
if (defined('ABORT_AFTER_CONFIG')) {
    // For scripts that need neither libraries nor a database.
    return;
}

require_once(__DIR__ . '/dml.php');
require_once(__DIR__ . '/ddl.php');
require_once(__DIR__ . '/moodlelib.php');
require_once(__DIR__ . '/components.php');

set_exception_handler('default_exception_handler');

$DB = new moodle_database();
$DB->connect($CFG->dbhost, $CFG->dbuser, $CFG->dbpass, $CFG->dbname, $CFG->prefix, $CFG->dboptions ?? []);

// An empty database is one that is about to be installed.
foreach (in_array('config', $DB->get_tables(false)) ? (array) get_config('core') : [] as $configname => $configvalue) {
    $CFG->{$configname} = $configvalue;
}
unset($configname, $configvalue);

if (!defined('NO_UPGRADE_CHECK') && isset($CFG->upgraderunning)) {
    if ($CFG->upgraderunning < time()) {
        unset_config('upgraderunning');
    } else {
        throw new moodle_exception('upgraderunning', 'Site is being upgraded, please retry later.');
    }
}

$SITE = empty($CFG->version) ? false : $DB->get_record('course', ['category' => 0]);
if (!$SITE) {
    if (!empty($CFG->version) && !during_initial_install()) {
        throw new moodle_exception('nosite', 'Could not find a top-level course!');
    }
    $SITE = (object) ['id' => 1, 'shortname' => null, 'fullname' => null];
}
$COURSE = clone($SITE);
define('SITEID', (int) $SITE->id);
$USER = (object) ['id' => 0];

CLI_SCRIPT || start_page_request();
