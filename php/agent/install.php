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
 * Runs Moodle's own admin/cli/install_database.php without its password on a command line.
 *
 *     PROVOST_SITE=hugo php install.php BUILD < answers
 *
 * The answers are one line on standard input, a JSON object: adminuser, adminpass, adminemail, fullname, shortname, lang,
 * and, if wanted, summary and supportemail. All are texts; what is missing, empty or null is left to Moodle, but there
 * must be an adminpass. Everyone on the machine can read the command line of a process; the script is given its options
 * inside this one instead. Output and exit status are the script's own; wrong usage of this wrapper ends with 64.
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
 * Finds Moodle's script in a build. Where it is has changed between versions, so it is looked for.
 *
 * @param string $build directory of the build
 * @return string path of the script
 */
function provost_install_script(string $build): string {
    foreach (['admin/cli', 'public/admin/cli'] as $directory) {
        $script = "$build/$directory/install_database.php";
        if (is_file($script)) {
            // Absolute, for the working directory changes before it is run.
            return realpath($script);
        }
    }
    provost_install_refuse("there is no admin/cli/install_database.php in $build");
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

if ($argc !== 2) {
    provost_install_refuse('usage: PROVOST_SITE=name php install.php BUILD');
}

// From here on this process looks as if the script had been started by itself, in the global scope that it expects.
$argv = provost_install_arguments(provost_install_script($argv[1]));
$argc = count($argv);
$_SERVER['argv'] = $argv;
$_SERVER['argc'] = $argc;
$_SERVER['SCRIPT_NAME'] = $_SERVER['SCRIPT_FILENAME'] = $_SERVER['PHP_SELF'] = $_SERVER['PATH_TRANSLATED'] = $argv[0];

// Moodle's script looks at nothing relative to the working directory before its own chdir(), but plugins may.
chdir(dirname($argv[0]));

require($argv[0]);
