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
 * Which rows of the log a restore can bring, and which not.
 *
 * Core's backup takes the rows whose context is the course or an activity that is there. Core's restore then leaves out those that name a
 * person who is not in the backup: the system itself, and in a backup of core's whoever takes no other part in the course, such as an
 * administrator who looked in. A backup of ours takes along everybody whom its rows of the log name. These are rules and not luck, so they
 * are applied here: what can come is compared row by row, and the rest is counted apart.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_log {

    /** @var int Who Moodle says it was where it was Moodle itself. */
    private const MOODLE = -1;

    /** @var string Rows that can come. */
    private const COMES = 'logstore_standard_log';

    /** @var string[] The recipes of the log. */
    public const RECIPES = [self::COMES, 'logstore_standard_log.strangers'];

    /**
     * The digests and rows of one of the two.
     *
     * @param census_reader $reader
     * @param census_recipe $recipe
     * @param census_names $names
     * @param array $params Of the census: with "logs_before" only rows that are older count, so that neither what the backup writes
     *     nor what visitors of the copy write makes a difference.
     * @return \Generator
     */
    public static function rows(census_reader $reader, census_recipe $recipe, census_names $names, array $params): \Generator {
        $before = $params['logs_before'] ?? null;
        $wanted = $recipe->name === self::COMES;
        $people = $names->people();
        $iscoming = fn(int $user): bool => isset($people[$user]) || (!empty($params['log_people']) && $names->has_account($user));
        $source = ($params['side'] ?? 'source') === 'source';
        foreach ($reader->rows($recipe) as $row) {
            if ($before !== null && $row->timecreated >= $before) {
                continue;
            }
            // A copy has no strangers: whatever is there came. But rows of Moodle itself come or do not, as core's check before the restore
            // went: at neither end are they among those that are compared.
            $comes = $source ? self::comes($row, $names, $iscoming) : (int) $row->userid !== self::MOODLE;
            if ($comes === $wanted && ($wanted || $source)) {
                yield $reader->digest($recipe, $row);
            }
        }
    }

    /**
     * Whether a restore brings a row.
     *
     * @param \stdClass $row
     * @param census_names $names
     * @param callable $iscoming Whether somebody is in the backup, by number.
     * @return bool
     */
    private static function comes(\stdClass $row, census_names $names, callable $iscoming): bool {
        if ($names->inside('content_context', (int) $row->contextid) === null || !$iscoming((int) $row->userid)) {
            return false;
        }
        foreach (['relateduserid', 'realuserid'] as $column) {
            if (!empty($row->$column) && !$iscoming((int) $row->$column)) {
                return false;
            }
        }
        $bare = empty($row->objectid) && in_array($row->other, [null, '', 'N;', 'null']);
        return $bare || class_exists($row->eventname);
    }
}
