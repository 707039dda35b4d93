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
 * Serves a script whose path stands behind this one's: lib/javascript.php/REVISION/lib/javascript-static.js.
 * Neither the database nor a session is touched.
 *
 * @package    standin
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

define('ABORT_AFTER_CONFIG', true);
require(__DIR__ . '/../config.php');

if (!preg_match('~^/-?[0-9]+/(lib/[a-z-]+\.js)$~D', $_SERVER['PATH_INFO'] ?? '', $standinmatch)
        || !is_file("$CFG->dirroot/$standinmatch[1]")) {
    http_response_code(404);
    exit(0);
}
header('Content-Type: application/javascript; charset=utf-8');
header('Cache-Control: public, max-age=5184000, immutable');
readfile("$CFG->dirroot/$standinmatch[1]");
