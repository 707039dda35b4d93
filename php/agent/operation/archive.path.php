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

use provost\failure;
use provost\operation;
use provost\task;

/**
 * The categories from the top to one, as "archive.category" of another site makes them.
 *
 * Files in a description stay behind: the links to them are taken out.
 *
 * Parameters: category (an id). Answer: path (a list of name, idnumber, description, visible).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        $last = $DB->get_record('course_categories', ['id' => $params['category'] ?? 0]);
        if (!$last) {
            throw new failure('no_category', 'There is no such category here (any more)');
        }
        $path = [];
        foreach (array_filter(explode('/', $last->path)) as $id) {
            $row = $DB->get_record('course_categories', ['id' => $id], '*', MUST_EXIST);
            $path[] = [
                'name' => $row->name,
                'idnumber' => (string) $row->idnumber === '' ? null : $row->idnumber,
                'description' => $this->description($row),
                'visible' => (bool) $row->visible,
            ];
        }
        return ['path' => $path];
    }

    /**
     * The description as HTML.
     *
     * @param stdClass $row
     * @return string|null
     */
    private function description(stdClass $row): ?string {
        $text = (string) $row->description;
        if (trim($text) === '') {
            return null;
        }
        $html = (int) $row->descriptionformat === FORMAT_HTML ? $text
            : format_text($text, (int) $row->descriptionformat, ['context' => context_coursecat::instance($row->id), 'filter' => false]);
        return preg_replace('~<img[^>]*@@PLUGINFILE@@[^>]*>|\s(?:href|src)="@@PLUGINFILE@@[^"]*"~i', '', $html);
    }
};
