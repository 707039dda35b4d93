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

use provost\courses;
use provost\failure;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Deletes a category: one that is empty; with all that is in it; or after that was moved into another one.
 *
 * Parameters: category (see courses.php), contents ("refuse", "delete" or "move"), to (a category, where the contents go), dry (whether nothing is
 * deleted). Answer: see rows.php.
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
        global $DB;
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../courses.php');
        $category = courses::category($params['category'] ?? null);
        $contents = $params['contents'] ?? 'refuse';
        $to = $contents === 'move' ? courses::category($params['to'] ?? null) : null;
        $below = array_map('intval', $category->get_all_children_ids());
        $inside = courses::chosen(['category' => "#$category->id"]);
        if (!in_array($contents, ['refuse', 'delete', 'move'], true)) {
            throw new failure('bad_request', "'contents' must be refuse, delete or move");
        }
        if ($contents === 'refuse' && ($below || $inside)) {
            throw new failure('refused', 'It holds ' . count($inside) . ' course(s) and ' . count($below) . ' other categories');
        }
        if ($to && ($to->id == $category->id || in_array((int) $to->id, $below, true))) {
            throw new failure('refused', 'Its contents cannot be moved into itself');
        }
        if ($DB->count_records('course_categories') === count($below) + 1 && $contents !== 'move') {
            throw new failure('refused', 'A site needs one category');
        }
        $rows = new rows(['what', 'name', 'becomes']);
        $paths = courses::paths();
        $becomes = $to ? 'in ' . $paths[$to->id] : 'deleted';
        foreach ($inside as $one) {
            $rows->change('course', $one->shortname, $becomes);
        }
        foreach ($below as $id) {
            $rows->change('category', $paths[$id], $becomes);
        }
        $rows->change('category', $paths[$category->id], 'deleted');
        if (!empty($params['dry'])) {
            return $rows->answer();
        }
        if ($to) {
            $category->delete_move($to->id);
        } else {
            $category->delete_full(false);
        }
        $task->effect("category $category->id");
        $gone = $to ? [] : array_keys($inside);
        if ($DB->record_exists('course_categories', ['id' => $category->id])
                || array_filter($gone, fn($id) => $DB->record_exists('course', ['id' => $id]))) {
            throw new failure('read_back', 'The category was deleted, and something of it is still there');
        }
        return $rows->answer();
    }
};
