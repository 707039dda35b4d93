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
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Files that a plugin keeps for the whole site.
 *
 * Parameters: component, area. Answer: see rows.php.
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
        [$component, $area] = areas::place($params);
        $rows = new rows(['item', 'path', 'bytes', 'sha1', 'modified']);
        foreach (areas::files($component, $area, null) as $file) {
            $rows->add($file->get_itemid(), $file->get_filepath() . $file->get_filename(), $file->get_filesize(), $file->get_contenthash(),
                gmdate('Y-m-d\TH:i:s\Z', $file->get_timemodified()));
        }
        return $rows->answer();
    }
};
