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

use provost\failure;

/**
 * Marks of restored courses: configuration of the plugin name "provost_archive", one key per unit, so that the site's own
 * configuration, which every request reads, does not grow with the archive.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class marks {

    /** @var string Whose configuration they are. */
    public const PLUGIN = 'provost_archive';

    /** @var string The beginning of the key of a restored course. */
    public const RESTORED = 'unit_';

    /** @var string The beginning of the key that keeps that a deletion was begun. */
    public const DELETING = 'deleting_';

    /** @var string The beginning of the key that keeps what a course was before it was moved within its site. */
    public const MOVED = 'moved_';

    /** @var string The lock of whoever makes accounts: no unit has such a name. */
    private const ACCOUNTS = 'ACCOUNTS';

    /** @var int How long one try to get it lasts, in seconds. */
    private const WAIT = 5;

    /** @var int How long it is waited for, in seconds: a course of tens of thousands of people makes accounts for minutes. */
    private const LONGEST_WAIT = 1800;

    /** @var string The beginning of the key that keeps whether a hidden course could be seen. */
    public const HIDDEN = 'hidden_';

    /** @var \core\lock\lock|null The lock of this process on making accounts, while it has it. */
    private static ?\core\lock\lock $accounts = null;

    /**
     * A unit's name from a request.
     *
     * @param array $params
     * @return string
     */
    public static function unit(array $params): string {
        $unit = $params['unit'] ?? null;
        if (!is_string($unit) || !preg_match('/^[a-z0-9][a-z0-9_-]{0,79}$/D', $unit)) {
            throw new failure('bad_request', "'unit' must be a word of lower-case letters, digits, - and _");
        }
        return $unit;
    }

    /**
     * What a mark says, from the database itself.
     *
     * @param string $name
     * @return array|null
     */
    public static function read(string $name): ?array {
        global $DB;
        $value = $DB->get_field('config_plugins', 'value', ['plugin' => self::PLUGIN, 'name' => $name]);
        $mark = $value === false ? null : json_decode($value, true);
        return is_array($mark) ? $mark : null;
    }

    /**
     * Writes a mark, or takes it away, and reads it back.
     *
     * @param string $name
     * @param array|null $mark
     */
    public static function write(string $name, ?array $mark): void {
        set_config($name, $mark === null ? null : json_encode($mark, JSON_UNESCAPED_UNICODE), self::PLUGIN);
        if (self::read($name) !== $mark) {
            throw new failure('read_back', "The mark '$name' was written, and is not there");
        }
    }

    /**
     * Keeps everybody else from working on a unit at this site, until the lock is released or the process ends.
     *
     * @param string $unit
     * @return \core\lock\lock
     */
    public static function lock(string $unit): \core\lock\lock {
        $lock = \core\lock\lock_config::get_lock_factory(self::PLUGIN)->get_lock($unit, 0);
        if (!$lock) {
            throw new failure('busy', "Another process works on the unit '$unit' at this site");
        }
        return $lock;
    }

    /**
     * Keeps other restores from deciding who is here, from that decision until the accounts are made: two that bring the same new person
     * would both make an account, and the second one fail.
     *
     * @param \provost\task $task
     */
    public static function make_accounts(\provost\task $task): void {
        $factory = \core\lock\lock_config::get_lock_factory(self::PLUGIN);
        $until = time() + self::LONGEST_WAIT;
        while (time() < $until) {
            if ($lock = $factory->get_lock(self::ACCOUNTS, self::WAIT)) {
                self::$accounts = $lock;
                return;
            }
            // Also notices that whoever asked is gone.
            $task->progress(0, 1000, 'waiting for another restore to make its accounts');
        }
        throw new failure('busy', 'Another restore at this site has been making accounts for ' . self::LONGEST_WAIT . ' seconds');
    }

    /**
     * Lets other restores make accounts, if this one kept them from it.
     */
    public static function accounts_are_made(): void {
        self::$accounts?->release();
        self::$accounts = null;
    }
}
