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
 * Installs the site that config.php names, into its empty database. Options and exit statuses are as in Moodle.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);

// Moodle grants everything to this script while it installs, and knows it as the outermost file of the backtrace: included
// from elsewhere, it leaves settings out. Here that is an error.
if (debug_backtrace()) {
    fwrite(STDERR, "install_database.php was included from another script\n");
    exit(1);
}

$configfile = __DIR__ . '/../../config.php';
if (!file_exists($configfile)) {
    fwrite(STDERR, "config.php does not exist, can not continue\n");
    exit(1);
}
require($configfile);
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/upgradelib.php');

$options = cli_options([
    'lang' => 'en', 'adminuser' => 'admin', 'adminpass' => '', 'adminemail' => '', 'fullname' => '', 'shortname' => '',
    'summary' => '', 'supportemail' => '', 'agree-license' => false, 'help' => false,
]);
if ($options['help']) {
    echo "Command line installer of the stand-in; options: --" . implode(', --', array_keys($options)) . "\n";
    exit(0);
}
if ($DB->get_tables()) {
    cli_error('Database tables already present; CLI installation cannot continue.');
}
if (!$options['agree-license']) {
    cli_error('You have to agree to the license. --help prints out the help');
}
if ($options['adminpass'] === true || $options['adminpass'] === '') {
    cli_error('You have to specify admin password. --help prints out the help');
}
if ($options['adminemail'] !== '' && !filter_var($options['adminemail'], FILTER_VALIDATE_EMAIL)) {
    cli_error("Incorrect value \"$options[adminemail]\" for \"adminemail\"");
}
// There is no other language here.
$CFG->lang = 'en';

// Whoever started this may go; what was begun is finished.
ignore_user_abort(true);
install_cli_database($options);

echo "Installation completed successfully.\n";
exit(0);
