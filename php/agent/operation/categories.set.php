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
 * Shows or hides a category, moves it below another one, or gives it another name, as the page of categories does.
 *
 * Parameters: category (see courses.php), visible (true, false, or null for as it is), parent (a category, "" for the highest level, or null for
 * where it is), name (or null), dry (whether nothing is changed). Answer: see rows.php.
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
        require_once(__DIR__ . '/../courses.php');
        $category = courses::category($params['category'] ?? null);
        $visible = $params['visible'] ?? (bool) $category->visible;
        $parent = $params['parent'] ?? null;
        $above = match ($parent) {
            null => (int) $category->parent,
            '' => 0,
            default => (int) courses::category($parent)->id,
        };
        $name = $params['name'] ?? $category->name;
        if (!is_bool($visible) || trim($name) === '') {
            throw new failure('bad_request', "'visible' must be true or false, and 'name' a text");
        }
        if ($above === (int) $category->id || in_array($above, array_map('intval', $category->get_all_children_ids()), true)) {
            throw new failure('refused', 'A category cannot be moved into itself');
        }
        $paths = [0 => ''] + courses::paths();
        $words = fn(int $above, string $name, bool $visible): string => ltrim("$paths[$above] / $name", ' /') . ($visible ? '' : ', hidden');
        $was = $words((int) $category->parent, $category->name, (bool) $category->visible);
        $meant = $words($above, $name, $visible);
        $rows = new rows(['category', 'was', 'is']);
        if ($was === $meant) {
            return $rows->answer();
        }
        $rows->change("#$category->id", $was, $meant);
        if (!empty($params['dry'])) {
            return $rows->answer();
        }
        if ($above !== (int) $category->parent) {
            $category->change_parent($above);
        }
        $category = courses::category("#$category->id");
        if ($name !== $category->name) {
            $category->update(['name' => $name]);
        }
        if ($visible !== (bool) $category->visible) {
            $visible ? $category->show() : $category->hide();
        }
        $task->effect("category $category->id");
        $now = courses::category("#$category->id");
        $is = $words((int) $now->parent, $now->name, (bool) $now->visible);
        if ($is !== $meant) {
            throw new failure('read_back', "The category was to be '$meant', and is '$is'");
        }
        return $rows->answer();
    }
};
