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


/**
 * Writes the part of docs/census.md that says what is compared, from the recipes. Needs no Moodle.
 *
 *     php document.php /path/to/php/agent
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

require($argv[1] . '/census/census_recipe.php');

use provost\census_recipe;

/**
 * One recipe, as rows of a table.
 *
 * @param census_recipe $recipe
 * @return string
 */
function line(census_recipe $recipe): string {
    $quoted = fn($text) => "`$text`";
    $refs = $recipe->refs;
    foreach ($recipe->choose as $column => $choice) {
        $refs[$column] = implode(', ', array_unique($choice['sets']));
    }
    $named = implode(', ', array_map($quoted, array_keys($refs + $recipe->convert)));
    $skipped = [];
    foreach ($recipe->skip as $column => $reason) {
        if ($column !== 'id') {
            $skipped[$reason][] = "`$column`";
        }
    }
    array_walk($skipped, fn(&$columns, $reason) => $columns = implode(', ', $columns) . ": $reason");
    if ($recipe->only !== []) {
        $skipped = ['all but ' . implode(', ', array_map($quoted, $recipe->only))];
    }
    $only = array_filter([$recipe->users ? 'users' : '', ...$recipe->needs]);
    return "| `$recipe->name` | " . implode(', ', array_map($quoted, $only)) . " | $named | " . implode('; ', $skipped) . " |\n";
}

$parts = ['The course' => ['course'], 'Groups' => ['groups'], 'Activities, blocks and places' => ['activities'],
    'Question banks' => ['questions'], 'Grades' => ['grades'], 'Attempts at questions' => ['attempts'], 'People' => ['people'],
    'Files' => ['files'], 'Logs' => ['logs']];
foreach (census_recipe::modules() as $module) {
    $parts["mod_$module"] = ["mod/$module"];
}
foreach ($parts as $title => [$part]) {
    echo "\n### $title\n\n| table | only with | written by name | not compared |\n|---|---|---|---|\n";
    foreach (require("$argv[1]/census/$part.php") as $name => $recipe) {
        echo line(new census_recipe($name, $recipe));
    }
}
