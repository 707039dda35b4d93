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

use provost\operation;
use provost\rows;
use provost\task;

/**
 * The checks of a site's administration, worst first: what admin/cli/checks.php does for each type of check. Nothing is changed.
 *
 * Parameters: all (whether those are told that are in order, too). Answer: see rows.php.
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
    /** @var string[] How a check may end, worst first. */
    private const WORST_FIRST = ['critical', 'error', 'warning', 'unknown', 'info', 'ok', 'na'];

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        // Some checks write as programs of the command line do.
        require_once("$CFG->libdir/clilib.php");
        require_once(__DIR__ . '/../rows.php');
        $found = [];
        foreach (['status', 'security', 'performance'] as $type) {
            foreach (\core\check\manager::get_checks($type) as $check) {
                try {
                    $result = $check->get_result();
                    $one = [$result->get_status(), trim(html_to_text($result->get_summary(), 0, false))];
                } catch (\Throwable $thrown) {
                    $one = ['unknown', $thrown->getMessage()];
                }
                if (!empty($params['all']) || in_array($one[0], ['critical', 'error', 'warning', 'unknown'], true)) {
                    $found[] = [$one[0], $type, $check->get_ref(), $one[1]];
                }
            }
        }
        $place = array_flip(self::WORST_FIRST);
        usort($found, fn(array $a, array $b): int => [$place[$a[0]] ?? 0, $a[1], $a[2]] <=> [$place[$b[0]] ?? 0, $b[1], $b[2]]);
        $rows = new rows(['status', 'type', 'check', 'summary']);
        foreach ($found as $one) {
            $rows->add(...$one);
        }
        return $rows->answer();
    }
};
