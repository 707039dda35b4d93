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
 * Looks where Moodle keeps its application caches, by using one, and empties all of them: what was kept in one place is old when
 * Moodle comes back to it.
 *
 * Parameters: name (of a store). Answer: mapped, whether application caches are mapped to that store and to no other; used, whether
 * a value that was written came back from it.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var int The number of the mode of application caches. */
    private const APPLICATION = 1;

    /** @var string A key that nobody else uses. */
    private const KEY = 'provost_check';

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        $name = $params['name'] ?? null;
        if (!is_string($name) || $name === '') {
            throw new failure('bad_request', "'name' must be a text");
        }
        // Until Moodle 4.5 the class has no namespace.
        $factory = class_exists('\core_cache\factory') ? '\core_cache\factory' : '\cache_factory';
        $config = $factory::instance()->create_config_instance();
        $stores = [];
        foreach ($config->get_mode_mappings() as $mapping) {
            if ($mapping['mode'] === self::APPLICATION) {
                $stores[] = $mapping['store'];
            }
        }
        $used = $this->used($factory::instance());
        purge_all_caches();
        $task->effect('caches emptied');
        return ['mapped' => $stores === [$name], 'used' => $used === [$name]];
    }

    /**
     * Uses a cache that Moodle itself has for texts, and says which stores had the value.
     *
     * @param object $factory
     * @return string[]
     */
    private function used(object $factory): array {
        $cache = \cache::make('core', 'string');
        $value = random_string(20);
        if (!$cache->set(self::KEY, $value)) {
            return [];
        }
        $had = [];
        foreach ($factory->get_store_instances_in_use($factory->create_definition('core', 'string')) as $store) {
            // The cache has made a short key of its own from ours: the store is asked for all that it has.
            $values = $store instanceof \core_cache\searchable_cache_interface || method_exists($store, 'find_all')
                ? $store->get_many($store->find_all()) : [];
            if (in_array($value, array_map([$this, 'bare'], $values), true)) {
                $had[] = $store->my_name();
            }
        }
        $cache->delete(self::KEY);
        return $had;
    }

    /**
     * A value without what the cache puts around it.
     *
     * @param mixed $value
     * @return mixed
     */
    private function bare(mixed $value): mixed {
        return is_object($value) && isset($value->data) ? $value->data : $value;
    }
};
