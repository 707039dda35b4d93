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

use provost\areas;
use provost\failure;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Deletes a file that a plugin keeps for the whole site.
 *
 * Parameters: component, area, item (a number), path, dry (whether nothing is changed). Answer: see rows.php. One that is not there is no change.
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
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../areas.php');
        [$component, $area, $item] = areas::place($params);
        [$directory, $name] = areas::path($params['path'] ?? null);
        $rows = new rows(['area', 'path', 'was', 'is']);
        $context = \context_system::instance()->id;
        $there = get_file_storage()->get_file($context, $component, $area, $item, $directory, $name);
        if (!$there || $there->is_directory()) {
            return $rows->answer();
        }
        $rows->change("$component/$area", "$directory$name", $there->get_contenthash(), null);
        if (empty($params['dry'])) {
            $there->delete();
            areas::tell_setting($component, $area);
            $task->effect("$component/$area$directory$name is gone");
            if (get_file_storage()->file_exists($context, $component, $area, $item, $directory, $name)) {
                throw new failure('read_back', 'The file was deleted, and is there still');
            }
        }
        return $rows->answer();
    }
};
