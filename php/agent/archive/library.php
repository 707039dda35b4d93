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
 * Loads what the operations of archive sessions share. Parts that build on classes of core's backup are loaded after those.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require_once(__DIR__ . '/arrival.php');
require_once(__DIR__ . '/categories.php');
require_once(__DIR__ . '/contents.php');
require_once(__DIR__ . '/counts.php');
require_once(__DIR__ . '/deletion.php');
require_once(__DIR__ . '/expected.php');
require_once(__DIR__ . '/finish.php');
require_once(__DIR__ . '/left_behind.php');
require_once(__DIR__ . '/marks.php');
require_once(__DIR__ . '/moved.php');
require_once(__DIR__ . '/places.php');
require_once(__DIR__ . '/problems.php');
require_once(__DIR__ . '/progress.php');
require_once(__DIR__ . '/questions_elsewhere.php');
require_once(__DIR__ . '/quiet.php');
require_once(__DIR__ . '/recordsets.php');
require_once(__DIR__ . '/taking_part.php');
require_once(__DIR__ . '/tasks.php');
require_once(__DIR__ . '/unpacked.php');
require_once(__DIR__ . '/users.php');
