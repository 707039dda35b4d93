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
 * Shows or hides courses that fit a rule, or moves them into a category, as the page of courses does.
 *
 * Parameters: rule (see courses.php), visible (true, false, or null for as it is), category (where to; null for where it is), dry (whether nothing
 * is changed). Answer: see rows.php.
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
        global $CFG, $DB;
        require_once("$CFG->dirroot/course/lib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../courses.php');
        $visible = $params['visible'] ?? null;
        $target = isset($params['category']) ? courses::category($params['category']) : null;
        if (!is_bool($visible) && !$target) {
            throw new failure('bad_request', "'visible' or 'category' must be said");
        }
        $paths = courses::paths();
        $words = fn(int $category, bool $visible): string => ($paths[$category] ?? '') . ($visible ? '' : ', hidden');
        $rows = new rows(['course', 'was', 'is']);
        foreach (courses::chosen($params['rule'] ?? []) as $one) {
            $category = (int) ($target->id ?? $one->category);
            $shown = $visible ?? (bool) $one->visible;
            if ($category === (int) $one->category && $shown === (bool) $one->visible) {
                continue;
            }
            $rows->change($one->shortname, $words((int) $one->category, (bool) $one->visible), $words($category, $shown));
            if (!empty($params['dry'])) {
                continue;
            }
            if ($category !== (int) $one->category) {
                move_courses([$one->id], $category);
            }
            if ((bool) $DB->get_field('course', 'visible', ['id' => $one->id]) !== $shown) {
                course_change_visibility($one->id, $shown);
            }
            $task->effect("course $one->id");
            $now = $DB->get_record('course', ['id' => $one->id], 'category, visible', MUST_EXIST);
            if ((int) $now->category !== $category || (bool) $now->visible !== $shown) {
                throw new failure('read_back', "The course '$one->shortname' was changed, and is not as it was to be");
            }
        }
        return $rows->answer();
    }
};
