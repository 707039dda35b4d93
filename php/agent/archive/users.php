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
 * Whom accounts of a source become here.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class users {

    /** @var int How many are looked up in one query. */
    private const CHUNK = 500;

    /** @var string What is read of an account. */
    private const FIELDS = 'id, username, email, idnumber, firstaccess, deleted';

    /** @var array[] Accounts here, by user name in lower case. */
    private array $names = [];

    /** @var array[] Lists of accounts here that are not deleted, by address in lower case. */
    private array $emails = [];

    /** @var array[] The same by ID number. */
    private array $idnumbers = [];

    /** @var array[] Deleted accounts here, by the digest of the user name that they had. */
    private array $deleted = [];

    /**
     * Begins.
     *
     * @param array $policy by, table, unmatched, conflict, admin, deleted: see UserPolicy in crates/provost-sites/src/archive.
     * @param string $site The digest of the source's site identifier.
     */
    public function __construct(private readonly array $policy, private readonly string $site) {
        $known = [
            'by' => ['username', 'email', 'idnumber', 'core'],
            'unmatched' => ['make', 'refuse'],
            'conflict' => ['refuse', 'map', 'rename'],
        ];
        foreach ($known as $name => $words) {
            if (!in_array($policy[$name] ?? $words[0], $words, true)) {
                throw new \provost\failure('bad_request', "'$name' must be one of: " . implode(', ', $words));
            }
        }
    }

    /**
     * Decides for all of a list.
     *
     * @param array[] $accounts Each id, username, email, idnumber, firstaccess, deleted, mnethost; main_admin, where that is known.
     * @return array[] By id: fate, target (an id or null), username, email (as it is or will be here), why.
     */
    public function decide(array $accounts): array {
        foreach (array_chunk($accounts, self::CHUNK) as $chunk) {
            $this->load($chunk);
        }
        [$decided, $taken] = [[], []];
        foreach ($accounts as $account) {
            $decided[$account['id']] = $one = $this->one($account);
            if ($account['mnethost'] !== '') {
                continue;
            }
            $key = $one['target'] ?? "new $one[username]";
            $taken[$key][] = $account;
        }
        foreach ($taken as $several) {
            if (count($several) > 1) {
                $names = implode(', ', array_column($several, 'username'));
                foreach ($several as $account) {
                    $decided[$account['id']]['fate'] = 'ambiguous';
                    $decided[$account['id']]['why'] = "These would become one account: $names";
                }
            }
        }
        return $decided;
    }

    /**
     * Decides for one.
     *
     * @param array $account
     * @return array
     */
    private function one(array $account): array {
        global $CFG;
        if ($account['mnethost'] !== '') {
            // Core's own rules know the hosts; its check before a restore warns of them.
            return $this->fate('made', null, $account);
        }
        if ($account['username'] === 'guest') {
            return $this->fate('matched', $this->names['guest'] ?? null, $account);
        }
        $name = \core_text::strtolower($account['username']);
        if (isset($this->policy['table'][$account['username']])) {
            $to = \core_text::strtolower($this->policy['table'][$account['username']]);
            $found = $this->names[$to] ?? null;
            return $found ? $this->fate('matched', $found, $account)
                : $this->fate('conflict', null, $account, "There is no '$to' here, whom the table says that they are");
        }
        $candidates = $this->candidates($account, $name);
        if (count($candidates) > 1) {
            return $this->fate('ambiguous', null, $account, 'Several accounts here fit');
        }
        if ($candidates) {
            $one = reset($candidates);
            return $this->fate('matched', $one, $account, $this->doubt($account, $one));
        }
        $same = $this->names[$name] ?? null;
        if ($account['deleted']) {
            // Deleted at the source: what is left of the name and the address is as good as unique.
            return $same ? $this->fate('matched', $same, $account) : $this->unmatched($account);
        }
        $gone = $this->gone($account);
        if ($gone && !$same) {
            return !empty($this->policy['deleted']) ? $this->fate('matched', $gone, $account)
                : $this->fate('deleted', $gone, $account, 'Core would take the account that was deleted here for them');
        }
        return $same ? $this->conflict($account, $same) : $this->unmatched($account);
    }

    /**
     * Why somebody who is known by the user name alone may be somebody else. Who is the main administrator at both sites is in no doubt: the
     * installation makes that account at each site, often with an address of the site.
     *
     * @param array $account
     * @param array $same
     * @return string|null
     */
    private function doubt(array $account, array $same): ?string {
        $differ = fn(string $one, string $other): bool => $one !== '' && $other !== ''
            && \core_text::strtolower($one) !== \core_text::strtolower($other);
        $known = ($account['idnumber'] !== '' && $account['idnumber'] === $same['idnumber'])
            || ($account['firstaccess'] !== 0 && $account['firstaccess'] === $same['firstaccess'])
            || (!empty($account['main_admin']) && (int) (get_admin()->id ?? 0) === $same['id']);
        return ($this->policy['by'] ?? 'username') === 'username' && !$known && $differ($account['email'], $same['email'])
            ? "They have the same user name, and other addresses: $account[email] there, $same[email] here" : null;
    }

    /**
     * What becomes of somebody who is not here.
     *
     * @param array $account
     * @return array
     */
    private function unmatched(array $account): array {
        return ($this->policy['unmatched'] ?? 'make') === 'make' ? $this->fate('made', null, $account)
            : $this->fate('unmatched', null, $account, 'There is nobody here whom they match');
    }

    /**
     * What a taken user name means.
     *
     * @param array $account
     * @param array $same Who has it here.
     * @return array
     */
    private function conflict(array $account, array $same): array {
        $admin = get_admin();
        $rule = $admin && (int) $admin->id === $same['id'] ? ($this->policy['admin'] ?? null) : null;
        $rule ??= $this->policy['conflict'] ?? 'refuse';
        if ($rule === 'map') {
            return $this->fate('matched', $same, $account);
        }
        if ($rule === 'refuse') {
            return $this->fate('conflict', $same, $account, 'Somebody else has this user name here, with another address');
        }
        $renamed = \core_text::substr(\core_text::strtolower($account['username']), 0, 90) . '.' . substr($this->site, 0, 8);
        $there = $this->by_name([$renamed])[$renamed] ?? null;
        if ($there) {
            return $this->fate('matched', $there, $account);
        }
        return ['fate' => 'renamed', 'target' => null, 'username' => $renamed, 'email' => $account['email'], 'why' => null];
    }

    /**
     * Accounts here that the policy takes for this one.
     *
     * @param array $account
     * @param string $name
     * @return array[]
     */
    private function candidates(array $account, string $name): array {
        $same = $this->names[$name] ?? null;
        $email = \core_text::strtolower($account['email']);
        switch ($this->policy['by'] ?? 'username') {
            case 'username':
                return $same && !$same['deleted'] ? [$same] : [];
            case 'core':
                $access = $account['firstaccess'] !== 0 && $same && $same['firstaccess'] === $account['firstaccess'];
                return $same && ($access || \core_text::strtolower($same['email']) === $email) ? [$same] : [];
            case 'idnumber':
                return $account['idnumber'] === '' ? [] : ($this->idnumbers[$account['idnumber']] ?? []);
            default:
                $found = $email === '' ? [] : ($this->emails[$email] ?? []);
                $named = array_filter($found, fn(array $one): bool => \core_text::strtolower($one['username']) === $name);
                return $named ?: $found;
        }
    }

    /**
     * The deleted account here that core would take for this one: rules 2B1 and 2B2 of restore_dbops::precheck_user().
     *
     * @param array $account
     * @return array|null
     */
    private function gone(array $account): ?array {
        $begins = \core_text::strtolower(\core_text::substr($account['email'], 0, 89)) . '.';
        foreach ($this->deleted[md5($account['username'])] ?? [] as $one) {
            $access = $account['firstaccess'] !== 0 && $one['firstaccess'] === $account['firstaccess'];
            if ($access || str_starts_with(\core_text::strtolower($one['username']), $begins)) {
                return $one;
            }
        }
        return null;
    }

    /**
     * A decision.
     *
     * @param string $fate
     * @param array|null $target
     * @param array $account
     * @param string|null $why
     * @return array
     */
    private function fate(string $fate, ?array $target, array $account, ?string $why = null): array {
        return [
            'fate' => $fate,
            'target' => $target['id'] ?? null,
            'username' => $target['username'] ?? $account['username'],
            'email' => $target['email'] ?? $account['email'],
            'why' => $why,
        ];
    }

    /**
     * Reads who might fit.
     *
     * @param array[] $accounts
     */
    private function load(array $accounts): void {
        global $DB;
        $names = array_map(fn(array $one): string => \core_text::strtolower($one['username']), $accounts);
        $table = array_map([\core_text::class, 'strtolower'], array_values($this->policy['table'] ?? []));
        $this->names += $this->by_name(array_merge($names, $table, ['guest']));
        $by = $this->policy['by'] ?? 'username';
        if ($by === 'email') {
            $emails = array_map(fn(array $one): string => \core_text::strtolower($one['email']), $accounts);
            foreach ($this->rows('LOWER(email)', $emails, 'deleted = 0') as $row) {
                $this->emails[\core_text::strtolower($row['email'])][$row['id']] = $row;
            }
        }
        if ($by === 'idnumber') {
            foreach ($this->rows('idnumber', array_column($accounts, 'idnumber'), 'deleted = 0') as $row) {
                $this->idnumbers[$row['idnumber']][$row['id']] = $row;
            }
        }
        $digests = array_map(fn(array $one): string => md5($one['username']), $accounts);
        foreach ($this->rows('email', $digests, 'deleted = 1') as $row) {
            $this->deleted[$row['email']][$row['id']] = $row;
        }
    }

    /**
     * Accounts here by user name.
     *
     * @param string[] $names In lower case.
     * @return array[]
     */
    private function by_name(array $names): array {
        $found = [];
        foreach ($this->rows('username', $names, '1 = 1') as $row) {
            $found[\core_text::strtolower($row['username'])] = $row;
        }
        return $found;
    }

    /**
     * Accounts of this host.
     *
     * @param string $column
     * @param string[] $values
     * @param string $where
     * @return array[]
     */
    private function rows(string $column, array $values, string $where): array {
        global $CFG, $DB;
        $values = array_values(array_unique(array_filter($values, fn(string $value): bool => $value !== '')));
        $rows = [];
        foreach (array_chunk($values, self::CHUNK) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk, SQL_PARAMS_NAMED);
            $params['host'] = $CFG->mnet_localhost_id;
            foreach ($DB->get_records_select('user', "mnethostid = :host AND $where AND $column $in", $params, 'id', self::FIELDS) as $row) {
                $row = (array) $row;
                $row['id'] = (int) $row['id'];
                $row['firstaccess'] = (int) $row['firstaccess'];
                $row['deleted'] = (bool) $row['deleted'];
                $rows[] = $row;
            }
        }
        return $rows;
    }
}
