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

use provost\ahead;
use provost\failure;
use provost\hooks;
use provost\operation;
use provost\session;
use provost\task;

/**
 * Gives a copied site what PHP alone can give it, and tells what Moodle takes the site for.
 *
 * What could be done in SQL was done before Moodle saw the copy for the first time; see crates/provost-sites/src/clone. Here:
 * the administrator's password, keys, settings that are encrypted with the template's key, and the end of "upgraderunning",
 * which stood in the copy until now.
 *
 * Parameters: password, the administrator's; keys, a list of maps with plugin, name, value, kid_name and kid; rekey, whether
 * settings are to be encrypted anew: then the template's key is in its place; addresses, a map of texts to what takes their
 * place in the settings of blocks, which are encoded. Answer: siteidentifier, wwwroot, fullname,
 * shortname, username, email, authenticates (whether the password is accepted), current (whether the database is at the version
 * of the code), reencrypted (how many values), blocks (how many were changed), encryption_key (its digest), loaded (the files of
 * the build that all this took), hooks (what core keeps of them).
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var array What may hold encrypted values: table to columns. Tables of later versions may not be there. */
    private const ENCRYPTED = [
        'config' => ['value'],
        'config_plugins' => ['value'],
        'ai_providers' => ['config', 'actionconfig'],
        'sms_gateways' => ['config'],
    ];

    /** @var string An encrypted value, also inside of JSON. */
    private const VALUE = '~sodium:(?:[A-Za-z0-9+=]|\\\\?/)+~';

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        $password = $params['password'] ?? null;
        $keys = $params['keys'] ?? [];
        if (!is_string($password) || $password === '' || !is_array($keys)) {
            throw new failure('bad_request', "'password' must be a text, and 'keys' a list");
        }
        foreach ($keys as $key) {
            set_config($key['name'], $key['value'], $key['plugin']);
            if (!empty($key['kid_name'])) {
                set_config($key['kid_name'], $key['kid'], $key['plugin']);
            }
        }
        $reencrypted = $this->new_encryption_key(!empty($params['rekey']));
        $blocks = $this->readdress_blocks($params['addresses'] ?? []);
        $admin = get_admin();
        if (!$admin) {
            throw new failure('no_administrator', 'The template has no administrator');
        }
        update_internal_user_password($admin, $password);
        $task->effect('password');
        unset_config('upgraderunning');
        return ['reencrypted' => $reencrypted, 'blocks' => $blocks] + $this->facts($password)
            + ['loaded' => ahead::loaded(), 'hooks' => hooks::told()];
    }

    /**
     * What Moodle takes the site for.
     *
     * @param string $password
     * @return array
     */
    private function facts(string $password): array {
        global $CFG, $DB;
        $site = get_site();
        $admin = $DB->get_record('user', ['id' => get_admin()->id], '*', MUST_EXIST);
        return [
            'siteidentifier' => get_site_identifier(),
            'wwwroot' => $CFG->wwwroot,
            'fullname' => $site->fullname,
            'shortname' => $site->shortname,
            'username' => $admin->username,
            'email' => $admin->email,
            'authenticates' => validate_internal_user_password($admin, $password),
            'current' => $DB->get_field('config', 'value', ['name' => 'allversionshash'])
                === session::versions_hash(),
            'encryption_key' => hash_file('sha256', \core\encryption::get_key_file()),
        ];
    }

    /**
     * Replaces addresses in the settings of blocks.
     *
     * @param string[] $addresses
     * @return int How many blocks had one.
     */
    private function readdress_blocks(array $addresses): int {
        global $DB;
        if (!$addresses) {
            return 0;
        }
        $count = 0;
        foreach ($DB->get_records_select('block_instances', $DB->sql_isnotempty('block_instances', 'configdata', true, true),
                [], 'id', 'id, configdata') as $block) {
            $settings = unserialize_object((string) base64_decode($block->configdata));
            $changed = base64_encode(serialize($this->readdress($settings, $addresses)));
            if ($changed !== $block->configdata) {
                $DB->set_field('block_instances', 'configdata', $changed, ['id' => $block->id]);
                $count++;
            }
        }
        return $count;
    }

    /**
     * Replaces addresses in a value and all that is in it.
     *
     * @param mixed $value
     * @param string[] $addresses
     * @return mixed
     */
    private function readdress(mixed $value, array $addresses): mixed {
        if (is_string($value)) {
            return strtr($value, $addresses);
        }
        if (is_array($value)) {
            return array_map(fn($one) => $this->readdress($one, $addresses), $value);
        }
        if ($value instanceof \stdClass) {
            return (object) array_map(fn($one) => $this->readdress($one, $addresses), (array) $value);
        }
        return $value;
    }

    /**
     * Makes a key of the site's own.
     *
     * @param bool $rekey Whether the template's key is there, and values that it opens.
     * @return int How many values were encrypted anew.
     */
    private function new_encryption_key(bool $rekey): int {
        global $DB;
        if (!$rekey) {
            \core\encryption::create_key();
            return 0;
        }
        $found = [];
        $tables = $DB->get_tables();
        foreach (array_intersect_key(self::ENCRYPTED, array_flip($tables)) as $table => $columns) {
            $there = $DB->get_columns($table);
            foreach (array_filter($columns, fn($column) => isset($there[$column])) as $column) {
                $like = $DB->sql_like($column, '?');
                foreach ($DB->get_records_select_menu($table, $like, ['%sodium:%'], 'id', "id, $column") as $id => $value) {
                    $found[] = [$table, $column, $id, preg_replace_callback(self::VALUE, $this->open(...), $value)];
                }
            }
        }
        unlink(\core\encryption::get_key_file());
        \core\encryption::create_key();
        foreach ($found as [$table, $column, $id, $value]) {
            $DB->set_field($table, $column, preg_replace_callback('~\0([^\0]*)\0~', $this->seal(...), $value), ['id' => $id]);
        }
        return count($found);
    }

    /**
     * Opens one value. Between the opening and the sealing it stands between two NUL, as base64.
     *
     * @param array $match
     * @return string
     */
    private function open(array $match): string {
        $escaped = str_contains($match[0], '\/') ? '1' : '0';
        return "\0$escaped" . base64_encode(\core\encryption::decrypt(str_replace('\/', '/', $match[0]))) . "\0";
    }

    /**
     * Seals one value with the new key.
     *
     * @param array $match
     * @return string
     */
    private function seal(array $match): string {
        $sealed = \core\encryption::encrypt(base64_decode(substr($match[1], 1)));
        return $match[1][0] === '1' ? str_replace('/', '\/', $sealed) : $sealed;
    }
};
