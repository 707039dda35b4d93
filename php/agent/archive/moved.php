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
 * What a course was before a session moved it within its site, and the way back.
 *
 * It is noted before the first change, and once. The way back takes what the session did and nothing else: what a person has changed since
 * stays, and is told.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class moved {

    /** @var string[] What has names. */
    private const NAMES = ['fullname', 'shortname', 'idnumber'];

    /** @var int How long another is waited for who sorts the same category, in seconds. */
    private const WAIT = 60;

    /** @var int How many of those before it are noted: its place is behind the nearest that is there, and they may be moved as well. */
    private const NEIGHBOURS = 50;

    /** @var string[] What stays as it is, in words. */
    private array $kept = [];

    /** @var \stdClass The course now. */
    private \stdClass $row;

    /**
     * Notes what a course is, unless that was done.
     *
     * @param string $unit
     * @param \stdClass $course
     * @param int $category Where it goes.
     * @param array $plan What is done with it there, as archive.finish takes it.
     */
    public static function remember(string $unit, \stdClass $course, int $category, array $plan): void {
        global $DB;
        if (marks::read(marks::MOVED . $unit)) {
            return;
        }
        $finish = new finish((int) $course->id);
        $before = $DB->get_records_select_menu('course', 'category = ? AND sortorder < ?', [$course->category, $course->sortorder],
            'sortorder DESC', 'id, sortorder', 0, self::NEIGHBOURS);
        marks::write(marks::MOVED . $unit, [
            'course' => (int) $course->id,
            'at' => time(),
            'to' => $category,
            'plan' => array_diff_key($plan, ['script_arguments' => true]),
            'category' => (int) $course->category,
            'after' => array_map('intval', array_keys($before)),
            'names' => array_intersect_key((array) $course, array_flip(self::NAMES)),
            'visible' => (bool) $course->visible,
            'locked' => (bool) \context_course::instance($course->id)->locked,
            'tags' => $finish->tags(),
            'notice' => $finish->notice_module() !== null,
            'enrolments' => self::enrolments((int) $course->id, $plan['enrolments'] ?? 'keep'),
        ]);
    }

    /**
     * Enrolments that will be changed.
     *
     * @param int $course
     * @param string $how keep, suspend or end.
     * @return int[][] Of each: its number, status, end.
     */
    private static function enrolments(int $course, string $how): array {
        global $DB;
        if ($how === 'keep') {
            return [];
        }
        $select = $how === 'suspend' ? 'ue.status = 0' : '(ue.timeend = 0 OR ue.timeend > ' . time() . ')';
        $rows = $DB->get_records_sql("SELECT ue.id, ue.status, ue.timeend FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid
                                       WHERE e.courseid = ? AND $select ORDER BY ue.id", [$course]);
        return array_map(fn(\stdClass $row): array => [(int) $row->id, (int) $row->status, (int) $row->timeend], array_values($rows));
    }

    /**
     * Begins the way back.
     *
     * @param array $mark
     */
    private function __construct(private readonly array $mark) {
    }

    /**
     * Makes a course what it was. Its mark stays until forget(): whoever is killed in between looks at everything again.
     *
     * @param string $unit
     * @return string[]|null What was not put back, in words; null where nothing was done with it.
     */
    public static function revert(string $unit): ?array {
        global $DB;
        $mark = marks::read(marks::MOVED . $unit);
        if (!$mark) {
            return null;
        }
        $moved = new self($mark);
        if (!$DB->record_exists('course', ['id' => $mark['course']])) {
            $moved->kept[] = 'the course is gone';
        } else {
            $moved->put_back();
        }
        return $moved->kept;
    }

    /**
     * Takes the mark away.
     *
     * @param string $unit
     * @return null
     */
    public static function forget(string $unit): ?array {
        if (marks::read(marks::MOVED . $unit)) {
            marks::write(marks::MOVED . $unit, null);
        }
        return null;
    }

    /**
     * Puts everything back. Each part looks first: who is killed here begins again.
     */
    private function put_back(): void {
        [$mark, $plan] = [$this->mark, $this->mark['plan']];
        $finish = new finish($mark['course']);
        $this->row = $finish->row();
        // First: core refuses much in a course that is frozen.
        if (!empty($plan['frozen']) && !$mark['locked']) {
            $finish->freeze(false);
        }
        $this->notice($finish);
        foreach (array_udiff($plan['tags'] ?? [], $mark['tags'], 'strcasecmp') as $tag) {
            \core_tag_tag::remove_item_tag('core', 'course', $mark['course'], $tag);
        }
        $this->enrol($plan['enrolments'] ?? 'keep');
        $this->names($finish);
        $this->category($finish);
        $this->visibility($finish);
        if (!empty($plan['script'])) {
            $this->kept[] = 'what the script did';
        }
    }

    /**
     * Takes the notice away, as it was written.
     *
     * @param finish $finish
     */
    private function notice(finish $finish): void {
        global $DB;
        $module = empty($this->mark['plan']['notice']) || $this->mark['notice'] ? null : $finish->notice_module();
        if (!$module) {
            return;
        }
        $label = $DB->get_field_sql('SELECT l.intro FROM {course_modules} cm JOIN {label} l ON l.id = cm.instance WHERE cm.id = ?', [$module]);
        if ($label === $this->mark['plan']['notice']['html']) {
            deletion::module($module);
        } else {
            $this->kept[] = 'the notice, which somebody has changed';
        }
    }

    /**
     * Shows or hides it as it was. Core hides what is moved into a hidden category.
     *
     * @param finish $finish
     */
    private function visibility(finish $finish): void {
        global $DB;
        [$was, $is, $made] = [$this->mark['visible'], (bool) $this->row->visible, $this->mark['plan']['visible'] ?? $this->mark['visible']];
        if ($is === $was) {
            return;
        }
        $hidden = !$DB->get_field('course_categories', 'visible', ['id' => $this->mark['to']]);
        if ($is === $made || (!$is && $hidden)) {
            $finish->show($was);
        } else {
            $this->kept[] = 'whether it can be seen, which somebody has changed';
        }
    }

    /**
     * Gives the names back that the session changed.
     *
     * @param finish $finish
     */
    private function names(finish $finish): void {
        foreach (self::NAMES as $name) {
            [$was, $made, $is] = [$this->mark['names'][$name], $this->mark['plan'][$name] ?? null, $this->row->$name];
            if ($made === null || $is === $was) {
                continue;
            }
            if ($is !== $made) {
                $this->kept[] = "its $name, which somebody has changed";
                continue;
            }
            try {
                $finish->rename([$name => $was]);
            } catch (failure $e) {
                $this->kept[] = "its $name: " . $e->getMessage();
            }
        }
    }

    /**
     * Moves it back to its place among the others.
     *
     * @param finish $finish
     */
    private function category(finish $finish): void {
        global $DB;
        $mark = $this->mark;
        if ($mark['to'] === $mark['category']) {
            return;
        }
        if (!in_array((int) $this->row->category, [$mark['to'], $mark['category']], true)) {
            $this->kept[] = 'its category, which somebody has changed';
            return;
        }
        if (!$DB->record_exists('course_categories', ['id' => $mark['category']])) {
            $this->kept[] = 'its category: the one that it was in is gone';
            return;
        }
        // Core reads the order of a category and writes it anew: two at once would mix theirs.
        $lock = \core\lock\lock_config::get_lock_factory(marks::PLUGIN)->get_lock("category_$mark[category]", self::WAIT)
            ?: throw new failure('busy', "Others have been sorting the category $mark[category] for " . self::WAIT . ' seconds');
        try {
            $this->to_its_place($finish);
        } finally {
            $lock->release();
        }
    }

    /**
     * Moves it, and puts it behind the nearest of those that it was behind.
     *
     * @param finish $finish
     */
    private function to_its_place(finish $finish): void {
        global $DB;
        $mark = $this->mark;
        $finish->move($mark['category']);
        $there = fn(int $id): bool => $DB->record_exists('course', ['id' => $id, 'category' => $mark['category']]);
        $near = array_values(array_filter($mark['after'], $there));
        course_change_sortorder_after_course($mark['course'], $near[0] ?? 0);
    }

    /**
     * Gives people back what they had. One whose enrolment somebody has changed since keeps what he has.
     *
     * @param string $how
     */
    private function enrol(string $how): void {
        global $DB;
        $kept = 0;
        foreach (array_chunk($this->mark['enrolments'], 1000) as $chunk) {
            $now = $DB->get_records_list('user_enrolments', 'id', array_column($chunk, 0));
            foreach ($chunk as [$id, $status, $end]) {
                $is = $now[$id] ?? null;
                if (!$is || ((int) $is->status === $status && (int) $is->timeend === $end)) {
                    continue;
                }
                $ours = $how === 'suspend' ? (int) $is->status === ENROL_USER_SUSPENDED && (int) $is->timeend === $end
                    : (int) $is->status === $status && $is->timeend >= $this->mark['at'] && $is->timeend <= time();
                $instance = $DB->get_record('enrol', ['id' => $is->enrolid]);
                $plugin = $instance ? enrol_get_plugin($instance->enrol) : null;
                if ($ours && $plugin) {
                    $plugin->update_user_enrol($instance, $is->userid, $status, null, $end);
                } else {
                    $kept++;
                }
            }
        }
        if ($kept) {
            $this->kept[] = "$kept enrolment(s), which somebody has changed";
        }
    }
}
