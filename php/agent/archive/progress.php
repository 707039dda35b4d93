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

namespace provost\archive;

use provost\task;

/**
 * What core says of how far it is, passed on now and then. It also notices that whoever asked is gone.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class progress extends \core\progress\base {

    /** @var float Shortest time between two words, in seconds. */
    private const EVERY = 1.0;

    /** @var string What core calls the part of a restore in which accounts are made. */
    private const ACCOUNTS = 'Creating included users';

    /** @var float When the last one was. */
    private float $last = 0.0;

    /** @var string[] Parts that are under way, outermost first. */
    private array $under = [];

    /**
     * Begins.
     *
     * @param task $task
     * @param string $what
     */
    public function __construct(private readonly task $task, private readonly string $what) {
    }

    #[\Override]
    public function start_progress($description, $max = self::INDETERMINATE, $parentcount = 1) {
        $this->under[] = $description;
        parent::start_progress($description, $max, $parentcount);
    }

    #[\Override]
    public function end_progress() {
        $ended = array_pop($this->under);
        parent::end_progress();
        // Where core calls that part otherwise the lock is kept until the restore ends. Core writes its controller down with all that this
        // object has, so that it can have no function and no lock.
        if ($ended === self::ACCOUNTS) {
            marks::accounts_are_made();
        }
    }

    #[\Override]
    protected function update_progress() {
        if (microtime(true) - $this->last < self::EVERY) {
            return;
        }
        $this->last = microtime(true);
        [$done] = $this->get_progress_proportion_range();
        $this->task->progress((int) round($done * 1000), 1000, $this->what);
    }
}
