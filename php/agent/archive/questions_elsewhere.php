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

/**
 * Whoever draws questions from a course's banks and is not of the course: without the course he has them no more.
 *
 * Core keeps questions that something refers to by themselves, in a bank that it makes. What draws at random refers to the bank, and finds
 * nothing in it.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class questions_elsewhere {

    /** @var string Columns course and place: a context outside the course that uses its questions. */
    private const USERS = "SELECT x.course, x.place
                             FROM (SELECT ctx.course, r.usingcontextid AS place FROM {contexts} ctx
                                     JOIN {question_categories} c ON c.contextid = ctx.id
                                     JOIN {question_bank_entries} e ON e.questioncategoryid = c.id
                                     JOIN {question_references} r ON r.questionbankentryid = e.id
                                    UNION
                                   SELECT ctx.course, s.usingcontextid AS place FROM {contexts} ctx
                                     JOIN {question_set_references} s ON s.questionscontextid = ctx.id) x
                             JOIN {context} u ON u.id = x.place
                        LEFT JOIN {contexts} own ON own.id = x.place AND own.course = x.course
                            WHERE own.id IS NULL";

    /**
     * How many there are.
     *
     * @param counts $counts
     * @return int[] By course.
     */
    public static function numbers(counts $counts): array {
        return $counts->numbers('SELECT used.course, COUNT(1) FROM (' . self::USERS . ') used GROUP BY used.course');
    }

    /**
     * Who they are.
     *
     * @param int $course
     * @return string[] In words, each once.
     */
    public static function of(int $course): array {
        $places = (new counts([$course]))->numbers('SELECT used.place, 1 FROM (' . self::USERS . ') used');
        return array_values(array_unique(array_map([self::class, 'told'], array_keys($places))));
    }

    /**
     * A place in words.
     *
     * @param int $id Of a context.
     * @return string
     */
    private static function told(int $id): string {
        $context = \context::instance_by_id($id, IGNORE_MISSING);
        $course = $context ? $context->get_course_context(false) : false;
        $name = $context ? $context->get_context_name(false) : "context $id";
        return $course ? "$name in " . $course->get_context_name(false, true) : $name;
    }
}
