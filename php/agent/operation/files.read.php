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
 * What is in a file that a plugin keeps for the whole site.
 *
 * Parameters: component, area, item (a number), path. Answer: see rows.php; one row with the contents in base64.
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
        $file = get_file_storage()->get_file(\context_system::instance()->id, $component, $area, $item, $directory, $name);
        if (!$file || $file->is_directory()) {
            throw new failure('no_such', "There is no file '$directory$name' in the area '$area' of $component");
        }
        if ($file->get_filesize() > areas::LARGEST) {
            throw new failure('too_long', 'The file is longer than ' . areas::LARGEST . ' bytes, more than goes this way');
        }
        $rows = new rows(['base64']);
        $rows->add(base64_encode($file->get_content()));
        return $rows->answer();
    }
};
