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


use provost\address;
use provost\address_places;
use provost\operation;
use provost\task;

/**
 * Looks for old addresses in everything that the database holds as text. Nothing is changed.
 *
 * Parameters: pairs, as for address.replace. Answer: found, a list of maps with table, column, rows and why: null where nothing explains
 * that the address is still there.
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
        $pairs = array_values(array_filter($params['pairs'] ?? [], fn($pair) => $pair['from'] !== $pair['to']));
        $found = [];
        $note = function ($table, $column, $id, $value, $changed, $why) use (&$found) {
            $key = "$table.$column->name.$why";
            $found[$key] ??= ['table' => $table, 'column' => $column->name, 'rows' => 0, 'why' => $why];
            $found[$key]['rows']++;
        };
        if ($pairs) {
            (new address_places(new address($pairs)))->visit($note, $task);
        }
        return ['found' => array_values($found)];
    }
};
