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
 * Runs what is due of one site's scheduled tasks, and no ad hoc tasks.
 *
 *     PROVOST_SITE=hugo php cron.php /path/to/build/config.php
 *
 * Core's admin/cli/cron.php runs both kinds one after the other, so that a long queue of ad hoc tasks keeps the timetable waiting;
 * it stays alive for three minutes unless told otherwise. This does the first half of \core\cron::run_main_process(), once.
 * Exit status: 0, or 75 with the reason as the last line where the site does not run its cron now.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

$provostconfig = (string) ($argv[1] ?? '');
if (!is_file($provostconfig)) {
    file_put_contents('php://stderr', "usage: PROVOST_SITE=name php cron.php CONFIG\n");
    exit(64);
}

// The path is for us alone: Moodle looks for options of its own here.
$_SERVER['argv'] = $argv = [__FILE__];
$_SERVER['argc'] = $argc = 1;

define('CLI_SCRIPT', true);
require($provostconfig);
require_once($CFG->libdir . '/clilib.php');
require_once($CFG->libdir . '/adminlib.php');

$provostreason = match (true) {
    CLI_MAINTENANCE => 'the site is in maintenance',
    moodle_needs_upgrading() => 'an upgrade of the site is pending',
    !get_config('core', 'cron_enabled') => 'cron is disabled in the site',
    default => null,
};
if ($provostreason !== null) {
    mtrace($provostreason);
    exit(75);
}

\core\local\cli\shutdown::script_supports_graceful_exit();
if (!empty($CFG->showcronsql)) {
    $DB->set_debug(true);
}
if (!empty($CFG->showcrondebugging)) {
    set_debugging(DEBUG_DEVELOPER, true);
}
core_php_time_limit::raise();
raise_memory_limit(MEMORY_EXTRA);
\core\cron::setup_user();

// What core's report of the cron's health looks at.
$provostnow = time();
$provostbefore = get_config('tool_task', 'lastcronstart');
set_config('lastcronstart', $provostnow, 'tool_task');
if ($provostbefore) {
    set_config('lastcroninterval', max(1, $provostnow - $provostbefore), 'tool_task');
}

\core\cron::run_scheduled_tasks($provostnow, $provostnow);
mtrace('Cron run completed correctly');
