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

use provost\failure;
use provost\operation;
use provost\task;

/**
 * Has Moodle keep its application caches in Redis, or in files again: what the pages of the site administration do, by the same
 * class. Caches of one session or one request, and the stores that Moodle comes with, stay as they are.
 *
 * Parameters: name (of the store); store, a map of server, prefix and login (user and password), or null to take the store away.
 * Answer: changed, whether the configuration is another one now.
 *
 * This process goes on with the configuration that it began with; another one must look whether it was taken.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var string The store for application caches that Moodle comes with. */
    private const DEFAULT = 'default_application';

    /** @var int Seconds to wait for an answer. */
    private const TIMEOUT = 3;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        $name = $params['name'] ?? null;
        $store = $params['store'] ?? null;
        if (!is_string($name) || $name === '' || ($store !== null && !$this->is_store($store))) {
            throw new failure('bad_request', "'name' must be a text, and 'store' a map of server, prefix and login");
        }
        // Until Moodle 4.5 the class has no namespace.
        $factory = class_exists('\core_cache\factory') ? '\core_cache\factory' : '\cache_factory';
        $writer = $factory::instance()->create_config_instance(true);
        $before = $this->state($writer);
        if ($store !== null) {
            $this->put($writer, $name, $store);
        } else if (isset($writer->get_all_stores()[$name])) {
            $this->take_away($writer, $name);
        }
        $changed = $before !== $this->state($writer);
        if ($changed) {
            $task->effect($store === null ? 'caches in files' : 'caches in redis');
        }
        return ['changed' => $changed];
    }

    /**
     * Whether a parameter describes a store.
     *
     * @param mixed $store
     * @return bool
     */
    private function is_store(mixed $store): bool {
        return is_array($store) && is_string($store['server'] ?? null) && is_string($store['prefix'] ?? null)
            && is_array($store['login'] ?? null) && count($store['login']) === 2;
    }

    /**
     * What this is about, of the configuration.
     *
     * @param object $writer
     * @return array
     */
    private function state(object $writer): array {
        return [$writer->get_all_stores(), $writer->get_mode_mappings(), $writer->get_definition_mappings()];
    }

    /**
     * Makes or changes the store, and maps application caches to it.
     *
     * @param object $writer
     * @param string $name
     * @param array $store
     */
    private function put(object $writer, string $name, array $store): void {
        if (!extension_loaded('redis')) {
            throw new failure('no_redis', 'PHP has no extension for Redis');
        }
        $configuration = [
            'server' => $store['server'],
            'prefix' => $store['prefix'],
            'password' => array_values($store['login']),
            'serializer' => \Redis::SERIALIZER_PHP,
            'compressor' => 0,
            'connectiontimeout' => self::TIMEOUT,
        ];
        $known = isset($writer->get_all_stores()[$name]);
        $known ? $writer->edit_store_instance($name, 'redis', $configuration)
            : $writer->add_store_instance($name, 'redis', $configuration);
        $this->map($writer, fn(array $stores): array => [$name]);
    }

    /**
     * Takes the store away, and all that is mapped to it.
     *
     * @param object $writer
     * @param string $name
     */
    private function take_away(object $writer, string $name): void {
        $this->map($writer, fn(array $stores): array => array_values(array_diff($stores, [$name])) ?: [self::DEFAULT]);
        $others = [];
        foreach ($writer->get_definition_mappings() as $mapping) {
            $others[$mapping['definition']][] = $mapping['store'];
        }
        foreach ($others as $definition => $stores) {
            if (in_array($name, $stores, true)) {
                $writer->set_definition_mappings($definition, array_values(array_diff($stores, [$name])));
            }
        }
        $writer->delete_store_instance($name);
    }

    /**
     * Changes what application caches are mapped to.
     *
     * @param object $writer
     * @param callable $change From the stores that there are, by order, to those that there shall be.
     */
    private function map(object $writer, callable $change): void {
        // Numbers of the class cache_store, which are in the file of the configuration too.
        [$application, $session, $request] = [1, 2, 4];
        $modes = [$application => [], $session => [], $request => []];
        foreach ($writer->get_mode_mappings() as $mapping) {
            $modes[$mapping['mode']][] = $mapping['store'];
        }
        $modes[$application] = $change($modes[$application]);
        $writer->set_mode_mappings($modes);
    }
};
