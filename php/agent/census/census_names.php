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
 * Names for what a platform gives numbers to, the same at both ends.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_names {

    /** @var string What stands for nothing. */
    public const NOTHING = '-';

    /** @var string What stands for something that is not of this course. */
    public const ELSEWHERE = '(elsewhere)';

    /** @var string What stands for nobody, for an administrator, and for a person who takes no part in the course. */
    public const STRANGER = '(nobody of the course)';

    /** @var int The longest name, in bytes. A longer one is cut, and ends with a digest of the whole. */
    private const LONGEST = 160;

    /** @var string[] Tables outside a course whose rows have a name of their own, and the column of it. */
    private const NAMED = [
        'role' => 'shortname',
        'scale' => 'name',
        'competency' => 'idnumber',
        'customfield_field' => 'shortname',
        'tag' => 'name',
        'grade_outcomes' => 'shortname',
        'cohort' => 'idnumber',
        'modules' => 'name',
        'scorm_element' => 'element',
        'lti_types' => 'name',
    ];

    /** @var array Names by number, by set. */
    private array $names = [];

    /** @var array How often each name occurs, by set. */
    private array $seen = [];

    /** @var array Names of what is outside the course, by table and number. */
    private array $outside = [];

    /** @var bool[] The people that rows have named, by number. */
    private array $people = [];

    /** @var bool[] Whether numbers are those of accounts. */
    private array $accounts = [];

    /** @var bool[]|null The people who take part, once that was asked. */
    private ?array $takingpart = null;

    /**
     * Makes names.
     *
     * @param string $userkey The column that users are known by.
     * @param string[] $usertable Users' names at the other end, by those of this end.
     * @param bool $users Whether people go with the course.
     * @param string[]|null $included Who is in the backup, with the names there, by number; null where that is not known.
     */
    public function __construct(
        private readonly string $userkey,
        private readonly array $usertable,
        private readonly bool $users,
        private readonly ?array $included,
    ) {
    }

    /**
     * Gives something its name. If the name is taken, a number is added.
     *
     * @param string $set
     * @param int $id
     * @param string $name
     */
    public function put(string $set, int $id, string $name): void {
        if (strlen($name) > self::LONGEST) {
            $name = \core_text::substr($name, 0, self::LONGEST - 60) . '~' . substr(sha1($name), 0, 12);
        }
        $number = $this->seen[$set][$name] = ($this->seen[$set][$name] ?? 0) + 1;
        $this->names[$set][$id] = $number === 1 ? $name : "$name #$number";
    }

    /**
     * Gives something a name that another has: here they are one.
     *
     * @param string $set
     * @param int $id
     * @param string $name
     */
    public function also(string $set, int $id, string $name): void {
        $this->names[$set][$id] = $name;
    }

    /**
     * Whether a set is kept here.
     *
     * @param string $set
     * @return bool
     */
    public function has(string $set): bool {
        return isset($this->names[$set]);
    }

    /**
     * Makes a set that may stay empty.
     *
     * @param string $set
     */
    public function begin(string $set): void {
        $this->names[$set] ??= [];
    }

    /**
     * The numbers of a set.
     *
     * @param string $set
     * @return int[]
     */
    public function ids(string $set): array {
        return array_keys($this->names[$set] ?? []);
    }

    /**
     * The name of something.
     *
     * @param string $set
     * @param mixed $id
     * @return string
     */
    public function of(string $set, $id): string {
        if ($set === 'owner') {
            return $this->owner((int) $id);
        }
        if (empty($id) || $id < 0) {
            return self::NOTHING;
        }
        if ($set === 'user') {
            return $this->user((int) $id);
        }
        return $this->names[$set][$id] ?? $this->outside($set, (int) $id);
    }

    /**
     * The name of something, if it belongs to the course.
     *
     * @param string $set
     * @param int $id
     * @return string|null
     */
    public function inside(string $set, int $id): ?string {
        return $this->names[$set][$id] ?? null;
    }

    /**
     * The people who take part in the course: who is in the backup, or else whom rows had named when this was first asked.
     *
     * @return bool[] By number.
     */
    public function people(): array {
        return $this->takingpart ??= $this->included === null ? $this->people : array_fill_keys(array_keys($this->included), true);
    }

    /**
     * Whether somebody has an account here, also a deleted one.
     *
     * @param int $id
     * @return bool
     */
    public function has_account(int $id): bool {
        global $DB;
        return $this->accounts[$id] ??= $DB->record_exists('user', ['id' => $id]);
    }

    /**
     * The name of a person.
     *
     * @param int $id
     * @param bool $takespart Whether being named here makes a person part of the course.
     * @return string
     */
    public function user(int $id, bool $takespart = true): string {
        global $DB;
        if (!$this->users) {
            return self::NOTHING;
        }
        if ($takespart) {
            $this->people[$id] = true;
        }
        if (!isset($this->outside['user'][$id])) {
            $user = $DB->get_record('user', ['id' => $id], 'id, username, email, idnumber, deleted');
            $this->outside['user'][$id] = $this->user_name($user);
        }
        return $this->outside['user'][$id];
    }

    /**
     * The name of whom a file belongs to. Core gives what belongs to nobody, or to somebody who is not in the backup, to whoever restores it: an
     * administrator. So those three are one.
     *
     * @param int $id
     * @return string
     */
    private function owner(int $id): string {
        $known = isset($this->people()[$id]) && !is_siteadmin($id);
        return $known ? $this->user($id, false) : self::STRANGER;
    }

    /**
     * How a person is called.
     *
     * @param \stdClass|false $user
     * @return string
     */
    private function user_name($user): string {
        if (!$user) {
            return '(nobody)';
        }
        $name = \core_text::strtolower(trim($user->{$this->userkey}));
        if (isset($this->included[$user->id])) {
            return $this->usertable[$this->included[$user->id]] ?? $this->included[$user->id];
        }
        // Who has no such name is known by the one that everybody has.
        $name = $name === '' ? "username:$user->username" : $name;
        return ($this->usertable[$name] ?? $name) . ($user->deleted ? ' (deleted)' : '');
    }

    /**
     * The name of something outside the course.
     *
     * @param string $set
     * @param int $id
     * @return string
     */
    private function outside(string $set, int $id): string {
        global $DB;
        $column = self::NAMED[$set] ?? null;
        if ($column === null) {
            return self::ELSEWHERE;
        }
        if (!isset($this->outside[$set][$id])) {
            $name = $DB->get_field($set, $column, ['id' => $id]);
            $this->outside[$set][$id] = $name === false ? self::ELSEWHERE : "site: $name";
        }
        return $this->outside[$set][$id];
    }
}
