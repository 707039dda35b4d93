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

/**
 * What stops an operation of an archive session unless it is accepted by name.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class problems {

    /** @var int How many of one kind are told: beyond them one more says how many there are. */
    private const MOST = 100;

    /** @var array[] What stops. */
    private array $stopping = [];

    /** @var array[] What is accepted. */
    private array $accepted = [];

    /** @var int[] How many there are, by kind. */
    private array $counts = [];

    /**
     * Begins an empty list.
     *
     * @param string[] $names Kinds that are accepted, alone or with their subject: "left_out", "left_out:chat".
     */
    public function __construct(private readonly array $names) {
    }

    /**
     * Adds a problem.
     *
     * @param string $kind A word for programs.
     * @param string $subject On what.
     * @param string $message For a person.
     * @param bool $fatal Whether it cannot be accepted.
     */
    public function add(string $kind, string $subject, string $message, bool $fatal = false): void {
        $this->counts[$kind] = ($this->counts[$kind] ?? 0) + 1;
        $accepted = !$fatal && array_intersect([$kind, "$kind:$subject"], $this->names);
        $list = $accepted ? 'accepted' : 'stopping';
        if (count(array_filter($this->$list, fn(array $one): bool => $one['kind'] === $kind)) < self::MOST) {
            $this->$list[] = ['kind' => $kind, 'subject' => $subject, 'message' => $message, 'fatal' => $fatal];
        }
    }

    /**
     * Whether the operation stops.
     *
     * @return bool
     */
    public function stop(): bool {
        return (bool) $this->stopping;
    }

    /**
     * The answer of an operation that stops.
     *
     * @return array
     */
    public function answer(): array {
        return ['state' => 'stopped', 'problems' => $this->complete($this->stopping)];
    }

    /**
     * What was accepted.
     *
     * @return array[]
     */
    public function accepted(): array {
        return $this->complete($this->accepted);
    }

    /**
     * A list with one more for each kind that there is more of.
     *
     * @param array[] $list
     * @return array[]
     */
    private function complete(array $list): array {
        foreach (array_count_values(array_column($list, 'kind')) as $kind => $told) {
            if ($told === self::MOST && $this->counts[$kind] > $told) {
                $list[] = [
                    'kind' => $kind,
                    'subject' => '',
                    'message' => ($this->counts[$kind] - $told) . ' more of these',
                    'fatal' => false,
                ];
            }
        }
        return $list;
    }
}
