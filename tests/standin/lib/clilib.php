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
 * What scripts on the command line share.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

/**
 * Reads the options: "--name=value", or "--name" for true.
 *
 * @param array $defaults The known options. A script with others ends.
 * @return array
 */
function cli_options(array $defaults) {
    $options = $defaults;
    foreach (array_slice($_SERVER['argv'], 1) as $argument) {
        [$name, $value] = explode('=', substr($argument, 2), 2) + [1 => true];
        if (!str_starts_with($argument, '--') || !array_key_exists($name, $defaults)) {
            cli_error("Unrecognised options:\n  $argument\nPlease use --help option.");
        }
        $options[$name] = $value;
    }
    return $options;
}

/**
 * Ends the script with an error.
 *
 * @param string $text
 * @param int $status
 */
function cli_error($text, $status = 1) {
    fwrite(STDERR, "$text\n\n");
    exit($status);
}
