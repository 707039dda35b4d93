<?php
// This file is part of Provost.
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
// along with Provost.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Gives Moodle's own admin/cli/install_database.php its answers from standard input, not on a command line.
 *
 *     PROVOST_SITE=hugo php -d auto_prepend_file=install.php BUILD/admin/cli/install_database.php < answers
 *
 * The answers are one line on standard input, a JSON object: adminuser, adminpass, adminemail, fullname, shortname, lang,
 * and, if wanted, summary and supportemail. All are texts; what is missing, empty or null is left to Moodle, but there
 * must be an adminpass. Everyone on the machine can read the command line of a process; the script finds its options
 * inside this one instead. Output and exit status are the script's own; wrong answers end with 64.
 *
 * It is prepended, and does not include the script itself, because Moodle takes the outermost file of its backtrace for
 * the script that runs ($SCRIPT, in initialise_fullme_cli()), and has_capability() is true for everything while that is
 * /admin/cli/install_database.php (accesslib.php). Included from elsewhere, core's install leaves a default
 * setting out, fills the log with 1,720 entries, and takes a fifth longer.
 *
 * @package   provost_agent
 * @copyright The Provost authors
 * @license   https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

// A stack trace must not show what functions were given: one of them is given the password.
ini_set('zend.exception_ignore_args', '1');

/** Exit status of wrong usage. Moodle's script knows only 0 and 1. */
const PROVOST_WRONG_USAGE = 64;

/** The longest line of answers, in bytes. */
const PROVOST_LONGEST_ANSWERS = 65536;

/**
 * Ends the process over wrong usage.
 *
 * @param string $message what is wrong, for a person
 * @return never
 */
function provost_install_refuse(string $message): never {
    file_put_contents('php://stderr', "install.php: $message\n");
    exit(PROVOST_WRONG_USAGE);
}

/**
 * Reads the answers from standard input and makes the script's command line of them.
 *
 * @param string $script path of the script
 * @return string[] the command line
 */
function provost_install_arguments(string $script): array {
    $line = fgets(STDIN, PROVOST_LONGEST_ANSWERS);
    $answers = $line === false ? null : json_decode($line, true);
    if (!is_array($answers)) {
        // What came is not shown: it holds a password.
        provost_install_refuse('standard input must be one line with a JSON object');
    }
    $known = ['lang', 'adminuser', 'adminpass', 'adminemail', 'fullname', 'shortname', 'summary', 'supportemail'];
    $unknown = array_diff(array_keys($answers), $known);
    if ($unknown) {
        provost_install_refuse('unknown answers: ' . implode(', ', $unknown));
    }
    $arguments = [$script, '--agree-license'];
    foreach ($known as $name) {
        $value = $answers[$name] ?? '';
        if (!is_string($value) || str_contains($value, "\0")) {
            provost_install_refuse("the answer '$name' must be a text");
        }
        if ($value !== '') {
            $arguments[] = "--$name=$value";
        } else if ($name === 'adminpass') {
            provost_install_refuse("there is no answer 'adminpass'");
        }
    }
    return $arguments;
}

if ($argc !== 1) {
    provost_install_refuse('usage: PROVOST_SITE=name php -d auto_prepend_file=install.php SCRIPT');
}

// From here on this process looks as if the script had been given its options by whoever started it.
$argv = provost_install_arguments($argv[0]);
$argc = count($argv);
$_SERVER['argv'] = $argv;
$_SERVER['argc'] = $argc;

// Moodle's script looks at nothing relative to the working directory before its own chdir(), but plugins may.
chdir(dirname($argv[0]));
