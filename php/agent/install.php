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
 * Runs Moodle's own installer with a password that stands on no command line.
 *
 *     PROVOST_SITE=hugo php install.php /path/to/build
 *
 * Reads one line from standard input, a JSON object of strings:
 *
 *     {"adminuser":…, "adminpass":…, "adminemail":…, "fullname":…, "shortname":…, "lang":…}
 *
 * Only "adminpass" must be there. What is printed, and the exit status, are those of admin/cli/install_database.php;
 * 64 says that this script was used wrongly, and that Moodle was not touched.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

/**
 * Returns the command line that Moodle's script shall see; ends the process if there is none.
 *
 * @param string $script The script's path.
 * @param string $line What was read.
 * @return string[]
 */
function provost_install_arguments(string $script, string $line): array {
    $known = ['adminuser', 'adminpass', 'adminemail', 'fullname', 'shortname', 'lang'];
    $given = json_decode($line, true);
    $arguments = [$script, '--agree-license'];
    foreach (is_array($given) ? $given : [] as $name => $value) {
        if (!in_array($name, $known, true) || !is_string($value)) {
            provost_install_refuse('standard input: only strings are expected, named ' . implode(', ', $known));
        }
        if ($value !== '') {
            // An empty one would be taken for a switch.
            $arguments[] = "--$name=$value";
        }
    }
    if (!is_array($given) || ($given['adminpass'] ?? '') === '') {
        provost_install_refuse('standard input: one line of JSON with an adminpass is expected');
    }
    return $arguments;
}

/**
 * Returns Moodle's installer in a build; ends the process if there is none.
 *
 * @param string $build The build's directory.
 * @return string
 */
function provost_install_script(string $build): string {
    // From Moodle 5.1 on, code may lie in public/.
    foreach (['admin/cli', 'public/admin/cli'] as $directory) {
        if ($build !== '' && is_file("$build/$directory/install_database.php")) {
            return "$build/$directory/install_database.php";
        }
    }
    provost_install_refuse('Usage: PROVOST_SITE=name php install.php /path/to/build < answers.json');
}

/**
 * Ends the process before anything was done.
 *
 * @param string $message
 */
function provost_install_refuse(string $message): never {
    fwrite(STDERR, "$message\n");
    exit(64);
}

// The line is far shorter than this; longer ones are cut, and then are no JSON.
$argv = provost_install_arguments(provost_install_script($argv[1] ?? ''), (string) fgets(STDIN, 64 << 10));
$argc = count($argv);
$_SERVER['argv'] = $argv;
$_SERVER['argc'] = $argc;

// Moodle's script expects to be in the global scope.
require($argv[0]);
