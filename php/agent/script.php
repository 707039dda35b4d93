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
 * What stands before a script of an administrator: Moodle, loaded, with the site's administrator as the user.
 *
 *     PROVOST_SITE=hugo PROVOST_PARAMS='{"days":30}' php -d auto_prepend_file=script.php -- /path/to/build/config.php < script
 *
 * The script finds what it was given in $params.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

$provostconfig = (string) ($_SERVER['argv'][1] ?? '');
// The path is for us alone: Moodle looks for options of its own here.
$_SERVER['argv'] = $argv = ['script'];
$_SERVER['argc'] = $argc = 1;

define('CLI_SCRIPT', true);
require($provostconfig);

$params = json_decode((string) getenv('PROVOST_PARAMS'), true) ?? [];
putenv('PROVOST_PARAMS');
\core\session\manager::set_user(get_admin());
