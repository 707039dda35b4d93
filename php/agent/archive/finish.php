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
use provost\task;

/**
 * What is done with a course once it is where it shall be. Each part looks first whether it is so already, and each is read back.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class finish {

    /** @var string How the notice's activity is known again. */
    public const NOTICE = 'provost-notice';

    /** @var string[] What was changed, in words. */
    public array $changed = [];

    /**
     * Begins.
     *
     * @param int $course
     */
    public function __construct(private readonly int $course) {
    }

    /**
     * The course's row as it is now.
     *
     * @return \stdClass
     */
    public function row(): \stdClass {
        global $DB;
        return $DB->get_record('course', ['id' => $this->course], '*', MUST_EXIST);
    }

    /**
     * Gives it other names. They must be free.
     *
     * @param array $names fullname, shortname, idnumber => text.
     */
    public function rename(array $names): void {
        global $DB;
        $row = $this->row();
        $change = array_filter($names, fn(string $value, string $name): bool => $row->$name !== $value, ARRAY_FILTER_USE_BOTH);
        foreach (['shortname', 'idnumber'] as $name) {
            $value = $change[$name] ?? '';
            if ($value !== '' && $DB->record_exists_select('course', "$name = ? AND id <> ?", [$value, $this->course])) {
                throw new failure('name_clash', "Another course here has the $name '$value'");
            }
        }
        if ($change) {
            update_course((object) (['id' => $this->course] + $change));
            $this->is_now(fn(\stdClass $row): bool => !array_diff_assoc($change, (array) $row), 'renamed');
        }
    }

    /**
     * Moves it.
     *
     * @param int $category
     */
    public function move(int $category): void {
        global $DB;
        if ((int) $this->row()->category === $category) {
            return;
        }
        if (!$DB->record_exists('course_categories', ['id' => $category])) {
            throw new failure('no_category', "There is no category $category here");
        }
        move_courses([$this->course], $category);
        $this->is_now(fn(\stdClass $row): bool => (int) $row->category === $category, 'moved');
    }

    /**
     * Shows or hides it.
     *
     * @param bool $visible
     */
    public function show(bool $visible): void {
        if ((bool) $this->row()->visible !== $visible) {
            course_change_visibility($this->course, $visible);
            $this->is_now(fn(\stdClass $row): bool => (bool) $row->visible === $visible, $visible ? 'shown' : 'hidden');
        }
    }

    /**
     * Adds tags.
     *
     * @param string[] $tags
     */
    public function tag(array $tags): void {
        $there = array_map([\core_text::class, 'strtolower'], $this->tags());
        foreach ($tags as $tag) {
            if (!in_array(\core_text::strtolower($tag), $there, true)) {
                \core_tag_tag::add_item_tag('core', 'course', $this->course, \context_course::instance($this->course), $tag);
                $this->changed[] = "tagged $tag";
            }
        }
        $there = array_map([\core_text::class, 'strtolower'], $this->tags());
        foreach ($tags as $tag) {
            if (!in_array(\core_text::strtolower(\core_tag_tag::normalize([$tag], false)[$tag] ?? $tag), $there, true)) {
                throw new failure('read_back', "The course was tagged '$tag', and is not: are tags switched on here?");
            }
        }
    }

    /**
     * Its tags.
     *
     * @return string[]
     */
    public function tags(): array {
        return array_values(\core_tag_tag::get_item_tags_array('core', 'course', $this->course, \core_tag_tag::BOTH_STANDARD_AND_NOT, 0,
            false));
    }

    /**
     * Suspends or ends every enrolment that is in force, through the plugins that they belong to.
     *
     * @param string $how "suspend" or "end".
     */
    public function close_enrolments(string $how): void {
        global $DB;
        $now = time();
        $count = 0;
        foreach (enrol_get_instances($this->course, false) as $instance) {
            $plugin = enrol_get_plugin($instance->enrol);
            $select = 'enrolid = ? AND ' . ($how === 'suspend' ? 'status = 0' : '(timeend = 0 OR timeend > ?)');
            $params = $how === 'suspend' ? [$instance->id] : [$instance->id, $now];
            foreach ($DB->get_records_select('user_enrolments', $select, $params, 'id', 'id, userid') as $enrolment) {
                if (!$plugin) {
                    throw new failure('no_plugin', "Somebody is enrolled by enrol_$instance->enrol, which is not installed here");
                }
                if ($how === 'suspend') {
                    $plugin->update_user_enrol($instance, $enrolment->userid, ENROL_USER_SUSPENDED);
                } else {
                    $plugin->update_user_enrol($instance, $enrolment->userid, null, null, $now);
                }
                $count++;
            }
        }
        if ($count) {
            $this->changed[] = "$count enrolment(s) " . ($how === 'suspend' ? 'suspended' : 'ended');
        }
        if ($this->active_enrolments() !== 0) {
            throw new failure('read_back', 'Enrolments were closed, and some are in force');
        }
    }

    /**
     * How many enrolments let somebody in.
     *
     * @return int
     */
    public function active_enrolments(): int {
        global $DB;
        return $DB->count_records_sql('SELECT COUNT(1) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid
                                        WHERE e.courseid = ? AND e.status = 0 AND ue.status = 0 AND (ue.timeend = 0 OR ue.timeend > ?)',
            [$this->course, time()]);
    }

    /**
     * Puts a notice at the top of the course, or another text into the one that is there.
     *
     * @param string $html
     */
    public function notice(string $html): void {
        global $CFG, $DB;
        require_once("$CFG->dirroot/course/modlib.php");
        $find = fn() => $DB->get_record_sql("SELECT l.id, l.intro, cm.id AS cmid FROM {label} l
                                               JOIN {course_modules} cm ON cm.instance = l.id
                                               JOIN {modules} m ON m.id = cm.module AND m.name = 'label'
                                              WHERE cm.course = ? AND cm.idnumber = ?", [$this->course, self::NOTICE]);
        $label = $find();
        if (!$label) {
            $this->add_notice($html);
            $label = $find() ?: throw new failure('read_back', 'The notice was written, and is not there');
        }
        if ($label->intro !== $html) {
            $DB->set_field('label', 'intro', $html, ['id' => $label->id]);
            rebuild_course_cache($this->course, true);
            $this->changed[] = 'notice written anew';
        }
        $section = $DB->get_record('course_sections', ['course' => $this->course, 'section' => 0], '*', MUST_EXIST);
        $first = (int) explode(',', (string) $section->sequence)[0];
        if ($first !== (int) $label->cmid) {
            moveto_module(get_coursemodule_from_id('label', $label->cmid, $this->course, false, MUST_EXIST), $section, $first);
        }
    }

    /**
     * The number of the notice's activity, where there is one.
     *
     * @return int|null
     */
    public function notice_module(): ?int {
        global $DB;
        $id = $DB->get_field('course_modules', 'id', ['course' => $this->course, 'idnumber' => self::NOTICE], IGNORE_MULTIPLE);
        return $id ? (int) $id : null;
    }

    /**
     * Adds the notice.
     *
     * @param string $html
     */
    private function add_notice(string $html): void {
        global $DB;
        $module = $DB->get_record('modules', ['name' => 'label', 'visible' => 1]);
        if (!$module) {
            throw new failure('no_plugin', 'A notice is a text and media area (mod_label), which is switched off here');
        }
        $course = $this->row();
        course_create_sections_if_missing($course, 0);
        add_moduleinfo((object) [
            'modulename' => 'label', 'module' => $module->id, 'course' => $course->id, 'section' => 0, 'visible' => 1,
            'visibleoncoursepage' => 1, 'cmidnumber' => self::NOTICE, 'groupmode' => 0, 'groupingid' => 0, 'completion' => 0,
            'introeditor' => ['text' => $html, 'format' => FORMAT_HTML, 'itemid' => 0], 'name' => 'Notice', 'add' => 'label',
        ], $course);
        $this->changed[] = 'notice written';
    }

    /**
     * Freezes the course for everybody, or thaws it.
     *
     * @param bool $frozen
     */
    public function freeze(bool $frozen): void {
        global $CFG;
        $context = \context_course::instance($this->course);
        if ($frozen && empty($CFG->contextlocking)) {
            set_config('contextlocking', 1);
            $this->changed[] = 'context locking switched on for the site';
        }
        if ((bool) $context->locked !== $frozen) {
            $context->set_locked($frozen);
            $this->changed[] = $frozen ? 'frozen' : 'thawed';
        }
        if ($this->is_frozen() !== $frozen) {
            throw new failure('read_back', 'The course was to be ' . ($frozen ? 'frozen' : 'thawed') . ', and is not');
        }
    }

    /**
     * Whether it is frozen, as the database has it, in a site that minds that.
     *
     * @return bool
     */
    public function is_frozen(): bool {
        global $DB;
        $locked = $DB->get_field('context', 'locked', ['contextlevel' => CONTEXT_COURSE, 'instanceid' => $this->course], MUST_EXIST);
        return $locked && (bool) $DB->get_field('config', 'value', ['name' => 'contextlocking']);
    }

    /**
     * Runs a script of the user's.
     *
     * @param string $path
     * @param array $arguments
     * @return string What it returned.
     */
    public function script(string $path, array $arguments): string {
        if (!is_file($path) || !is_readable($path)) {
            throw new failure('no_script', "'$path' is no file that this site can read");
        }
        // A scope of its own: it sees the course and the arguments, and nothing of ours.
        $returned = (static fn(\stdClass $course, array $arguments, string $provostpath) => require($provostpath))(
            $this->row(), $arguments, $path);
        if (is_callable($returned)) {
            $returned = $returned($this->row(), $arguments);
        }
        return is_string($returned) ? $returned : (string) json_encode($returned);
    }

    /**
     * Notes a change that is seen, or fails.
     *
     * @param callable $is Is given the row.
     * @param string $what
     */
    private function is_now(callable $is, string $what): void {
        if (!$is($this->row())) {
            throw new failure('read_back', "The course $this->course was $what, and is not");
        }
        $this->changed[] = $what;
    }
}
