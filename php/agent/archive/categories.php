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

namespace provost\archive;

use provost\failure;

/**
 * The categories of a course's questions after a restore. From Moodle 5.0 on core leaves those that lay at the highest level of a bank with
 * the number that their parent had at the other site: nobody's here, or by chance another category's, even their own, and then nobody
 * finds its questions any more.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class categories {

    /**
     * Puts them below the top of their bank again.
     *
     * @param string $path The unpacked backup.
     * @param int $course
     */
    public static function settle(string $path, int $course): void {
        global $DB;
        $highest = self::highest("$path/questions.xml");
        if (!$highest) {
            return;
        }
        $context = \context_course::instance($course);
        $below = $DB->sql_like('x.path', ':below');
        $rows = $DB->get_records_sql("SELECT q.id, q.parent, q.stamp,
                                             (SELECT MIN(t.id)
                                                FROM {question_categories} t
                                               WHERE t.contextid = q.contextid AND t.parent = 0) AS top
                                        FROM {question_categories} q
                                        JOIN {context} x ON x.id = q.contextid
                                       WHERE q.parent <> 0 AND (x.id = :self OR $below)",
            ['self' => $context->id, 'below' => "$context->path/%"]);
        foreach ($rows as $row) {
            if (isset($highest[$row->stamp]) && $row->top && (int) $row->parent !== (int) $row->top) {
                $DB->set_field('question_categories', 'parent', $row->top, ['id' => $row->id]);
            }
        }
    }

    /**
     * The categories of a backup whose parent is the top of a bank.
     *
     * @param string $file
     * @return array<string, true> By their stamps, which a restore keeps.
     */
    private static function highest(string $file): array {
        if (!is_file($file)) {
            return [];
        }
        $reader = new \XMLReader();
        if (!$reader->open($file, null, LIBXML_NONET | LIBXML_PARSEHUGE)) {
            throw new failure('bad_backup', 'Cannot read questions.xml');
        }
        [$stamps, $parents, $id] = [[], [], 0];
        $more = $reader->read();
        while ($more) {
            $deeper = false;
            if ($reader->nodeType === \XMLReader::ELEMENT && $reader->depth === 1) {
                $id = (int) $reader->getAttribute('id');
            } else if ($reader->nodeType === \XMLReader::ELEMENT && $reader->depth === 2) {
                // Questions lie below one of these, and there can be many.
                $deeper = true;
                if ($reader->name === 'stamp') {
                    $stamps[$id] = $reader->readString();
                } else if ($reader->name === 'parent') {
                    $parents[$id] = (int) $reader->readString();
                }
            }
            $more = $deeper ? $reader->next() : $reader->read();
        }
        $reader->close();
        $tops = array_filter($parents, fn(int $parent): bool => $parent === 0);
        $highest = array_filter($parents, fn(int $parent): bool => isset($tops[$parent]));
        return array_fill_keys(array_values(array_intersect_key($stamps, $highest)), true);
    }
}
