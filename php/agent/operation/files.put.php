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
 * Puts a file into an area of the whole site, in place of the one with that path. A setting that keeps its file there is told.
 *
 * Parameters: component, area, item (a number), path, file (that this site can read), alone (whether all others of that area and item go), dry (whether
 * nothing is changed). Answer: see rows.php. The same contents are no change.
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
        $from = (string) ($params['file'] ?? '');
        if (!is_readable($from)) {
            throw new failure('no_such', 'The file cannot be read');
        }
        $storage = get_file_storage();
        $context = \context_system::instance()->id;
        $there = $storage->get_file($context, $component, $area, $item, $directory, $name) ?: null;
        $gone = array_filter(areas::files($component, $area, $item),
            fn(\stored_file $file): bool => !empty($params['alone']) && $file->get_filepath() . $file->get_filename() !== "$directory$name");
        $rows = new rows(['area', 'path', 'was', 'is']);
        $wanted = sha1_file($from);
        $new = $there?->get_contenthash() !== $wanted;
        if ($new) {
            $rows->change("$component/$area", "$directory$name", $there?->get_contenthash(), $wanted);
        }
        foreach ($gone as $file) {
            $rows->change("$component/$area", $file->get_filepath() . $file->get_filename(), $file->get_contenthash(), null);
        }
        if (!empty($params['dry']) || (!$new && !$gone)) {
            return $rows->answer();
        }
        if ($new) {
            $record = ['contextid' => $context, 'component' => $component, 'filearea' => $area, 'itemid' => $item, 'filepath' => $directory,
                'filename' => $name];
            // First as another one: a disk that is full leaves the old one.
            $temporary = $storage->create_file_from_pathname(['filepath' => '/provost/', 'filename' => random_string(20)] + $record, $from);
            $there?->delete();
            $temporary->rename($directory, $name);
            $storage->get_file($context, $component, $area, $item, '/provost/', '.')?->delete();
        }
        foreach ($gone as $file) {
            $file->delete();
        }
        areas::tell_setting($component, $area);
        $task->effect("$component/$area$directory$name");
        $now = $storage->get_file($context, $component, $area, $item, $directory, $name);
        if (!$now || $now->get_contenthash() !== $wanted) {
            throw new failure('read_back', 'The file is not as it was to be');
        }
        return $rows->answer();
    }
};
