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

namespace provost;

/**
 * Something that the agent can do. Each is a file of the directory "operation", which returns an object of this kind;
 * the file's name without ".php" is the operation's.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
interface operation {

    /**
     * Whether it can work where no installation has been finished.
     *
     * @return bool
     */
    public function needs_installation(): bool;

    /**
     * Does it. No transaction may stay open behind it.
     *
     * @param array $params What the request brought.
     * @param task $task Takes the progress and the effects.
     * @return array The answer: a map.
     * @throws \Throwable Anything; it becomes the error of the result.
     */
    public function run(array $params, task $task): array;
}
