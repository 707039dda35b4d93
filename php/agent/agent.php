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
 * The agent: a process inside one site, through which Provost uses that site's own APIs.
 *
 *     PROVOST_SITE=hugo php agent.php /path/to/build/config.php [/path/to/list]
 *
 * It reads frames from standard input and writes frames to standard output; see channel.php. It says nothing of Moodle,
 * and executes nothing of it, before it was greeted; what a list names is compiled by then (see ahead.php). It enters the site only through the build's own config.php.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

require_once(__DIR__ . '/address.php');
require_once(__DIR__ . '/address_places.php');
require_once(__DIR__ . '/ahead.php');
require_once(__DIR__ . '/channel.php');
require_once(__DIR__ . '/log_text.php');
require_once(__DIR__ . '/failure.php');
require_once(__DIR__ . '/hooks.php');
require_once(__DIR__ . '/operation.php');
require_once(__DIR__ . '/task.php');
require_once(__DIR__ . '/session.php');

\provost\log_text::watch();
$provostsession = new \provost\session(new \provost\channel(), (string) ($argv[1] ?? ''));
\provost\ahead::compile((string) ($argv[2] ?? ''), $provostsession->config);

// The path is for us alone: Moodle looks for options of its own here.
$_SERVER['argv'] = $argv = [__FILE__];
$_SERVER['argc'] = $argc = 1;

$provostsession->greet();

define('CLI_SCRIPT', true);
// A site whose upgrade or installation was broken off answers too: what state it is in is the first question.
define('NO_UPGRADE_CHECK', true);

$provostfault = null;
try {
    // Here and not inside a function: what Moodle sets up belongs to the global scope.
    require($provostsession->config);
} catch (Throwable $provostthrown) {
    // A database without tables may come to this. What it means is decided below.
    $provostfault = $provostthrown;
}

$provostsession->open($provostfault);
$provostsession->serve();
