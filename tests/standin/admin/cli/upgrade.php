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
 * Brings the database to the version of the code, if it is not there.
 *
 * Exit status of --is-pending: 2 if it is not there.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('CLI_SCRIPT', true);
require(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/upgradelib.php');

$options = cli_options([
    'non-interactive' => false, 'allow-unstable' => false, 'verbose-settings' => false, 'lang' => 'en', 'is-pending' => false,
]);

if (empty($CFG->version)) {
    cli_error('Database is not yet installed.', 2);
}
if ($options['is-pending']) {
    exit(moodle_needs_upgrading() ? 2 : 0);
}
$core = core_component::core();
if ((float) $core->version < (float) $CFG->version) {
    cli_error("You are trying to downgrade: the database has $CFG->release, the code is $core->release.");
}
if (!moodle_needs_upgrading()) {
    echo "No upgrade needed for the installed version $CFG->release ($CFG->version). Thanks for coming anyway!\n";
    exit(0);
}
$from = $CFG->release;
ignore_user_abort(true);
upgrade_all();
echo "Command line upgrade from $from to $core->release completed successfully.\n";
exit(0);
