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
 * One request at work: what it changed, how far it is, what it used.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class task {

    /** @var string[] What was changed, in the operation's own words. */
    private array $effects = [];

    /** @var int How often the database had been read before. */
    private int $reads;

    /** @var int How often the database had been written to before. */
    private int $writes;

    /**
     * Begins a task.
     *
     * @param channel $channel Where progress goes.
     * @param int $id The request's number.
     */
    public function __construct(private readonly channel $channel, public readonly int $id) {
        [$this->reads, $this->writes] = self::counters();
        if (function_exists('memory_reset_peak_usage')) {
            memory_reset_peak_usage();
        }
    }

    /**
     * Tells how far the task is. If nobody waits for it any more, the process ends here.
     *
     * @param int $done How much is done, in units of the operation's choice.
     * @param int|null $total How much there is, if known.
     * @param string $note What is being done, for a person.
     */
    public function progress(int $done, ?int $total, string $note): void {
        $this->channel->check_parent();
        $this->channel->write([
            'type' => 'progress', 'id' => $this->id, 'done' => $done, 'total' => $total, 'note' => $note,
        ]);
    }

    /**
     * Notes that something was changed, right after it was.
     *
     * @param string $what
     */
    public function effect(string $what): void {
        $this->effects[] = $what;
    }

    /**
     * The frame that ends the request well.
     *
     * @param array $answer
     * @return array
     */
    public function succeeded(array $answer): array {
        return ['type' => 'result', 'id' => $this->id, 'ok' => (object) $answer] + $this->used();
    }

    /**
     * The frame that ends the request with an error. What was changed until then is told as well.
     *
     * @param array $error As failure::describe() gives it.
     * @return array
     */
    public function failed(array $error): array {
        return ['type' => 'result', 'id' => $this->id, 'error' => $error] + $this->used();
    }

    /**
     * What both kinds of result say.
     *
     * @return array
     */
    private function used(): array {
        [$reads, $writes] = self::counters();
        return [
            'effects' => $this->effects,
            'peak_bytes' => memory_get_peak_usage(true),
            'db_reads' => $reads - $this->reads,
            'db_writes' => $writes - $this->writes,
        ];
    }

    /**
     * How often the database was read and written to since the process began.
     *
     * @return int[]
     */
    private static function counters(): array {
        global $DB;
        return isset($DB) ? [$DB->perf_get_reads(), $DB->perf_get_writes()] : [0, 0];
    }
}
