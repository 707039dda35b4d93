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
 * Writes what Moodle remembers of the plugins and classes of a build, as core's own script for clusters does.
 *
 *     php components.php /path/to/build
 *
 * It is about code alone, and no site is asked: where every new site finds it, none has to search the whole tree again.
 * What is printed is what core writes to "core_component.php" in a cache directory.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

if (PHP_SAPI !== 'cli') {
    exit(1);
}

$build = (string) ($argv[1] ?? '');
if (!is_file("$build/lib/classes/component.php")) {
    // Later versions keep their code elsewhere, and search for themselves.
    exit(0);
}
define('CLI_SCRIPT', true);
define('MOODLE_INTERNAL', true);
define('CACHE_DISABLE_ALL', true);
define('IGNORE_COMPONENT_CACHE', true);
$CFG = (object) [
    'dirroot' => $build,
    'libdir' => "$build/lib",
    'admin' => 'admin',
    'cachedir' => '/nonexistent',
    'debugdeveloper' => false,
];
require("$CFG->libdir/classes/component.php");
echo \core_component::get_cache_content();
