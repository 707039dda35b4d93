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
use provost\rows;
use provost\task;

/**
 * Sets the state of a filter, as the page of filters does.
 *
 * Parameters: filter (its name, such as "multilang"), state ("on", "off" or "disabled"; null for as it is), headings (whether it applies to
 * headings, too; null for as it is), dry (whether nothing is changed). Answer: see rows.php.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once("$CFG->libdir/filterlib.php");
        require_once(__DIR__ . '/../rows.php');
        $filter = (string) ($params['filter'] ?? '');
        if (!array_key_exists($filter, filter_get_all_installed())) {
            throw new failure('no_such', "There is no filter '$filter'");
        }
        $states = ['on' => TEXTFILTER_ON, 'off' => TEXTFILTER_OFF, 'disabled' => TEXTFILTER_DISABLED];
        [$was, $headings] = $this->read($filter, $states);
        $state = $params['state'] ?? $was;
        $meant = $params['headings'] ?? $headings;
        if (!isset($states[$state]) || !is_bool($meant)) {
            throw new failure('bad_request', "'state' must be on, off or disabled, and 'headings' true or false");
        }
        $rows = new rows(['filter', 'was', 'is']);
        $words = fn(string $state, bool $headings): string => $state . ($headings ? ', headings too' : '');
        if ($state === $was && $meant === $headings) {
            return $rows->answer();
        }
        $rows->change($filter, $words($was, $headings), $words($state, $meant));
        if (empty($params['dry'])) {
            filter_set_global_state($filter, $states[$state]);
            filter_set_applies_to_strings($filter, $meant);
            if ($state === 'disabled') {
                filter_set_applies_to_strings($filter, false);
            }
            reset_text_filters_cache();
            \core_plugin_manager::reset_caches();
            $task->effect("filter $filter is $state");
            [$now] = $this->read($filter, $states);
            if ($now !== $state) {
                throw new failure('read_back', "The filter $filter was set to $state, and is $now");
            }
        }
        return $rows->answer();
    }

    /**
     * Its state, and whether it applies to headings.
     *
     * @param string $filter
     * @param int[] $states
     * @return array
     */
    private function read(string $filter, array $states): array {
        $active = (int) (filter_get_global_states()[$filter]->active ?? TEXTFILTER_DISABLED);
        return [array_search($active, $states, true), in_array($filter, filter_get_string_filters(), true)];
    }
};
