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

namespace provost;

use provost\archive\finish;

/**
 * Names a course's sections, activities and places: what all other names begin with.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_activities {

    /** @var int[] How many activities there are that nobody can compare, by module. */
    private array $unknown = [];

    /** @var \stdClass[] The activities, in the order of the course. */
    private array $activities = [];

    /**
     * Names everything.
     *
     * @param census_names $names
     * @param \stdClass $course
     * @param bool $ownbanks Whether the other end's question banks are the course's own. Moodle 5.0 and later put them into an activity,
     *     which is then no activity of the course, but a part of its place.
     * @param bool $nonotice Whether the notice that we put at the top of a copy is left out, at both ends.
     */
    public function __construct(
        private readonly census_names $names,
        private readonly \stdClass $course,
        private readonly bool $ownbanks,
        private readonly bool $nonotice,
    ) {
        $names->put('course', $course->id, 'course');
        $this->order();
        foreach (['course_modules', 'context', 'content_context'] as $set) {
            $names->begin($set);
        }
        $context = \context_course::instance($course->id);
        $this->place($context->id, 'course');
        foreach (census_recipe::modules() as $module) {
            $names->begin($module);
        }
        foreach ($this->activities as $activity) {
            $this->name($activity);
        }
    }

    /**
     * Names of blocks have been given: so have their contexts.
     */
    public function place_blocks(): void {
        global $DB;
        foreach ($this->names->ids('block_instances') as $id) {
            $context = $DB->get_field('context', 'id', ['contextlevel' => CONTEXT_BLOCK, 'instanceid' => $id]);
            if ($context) {
                $this->names->put('context', $context, 'block ' . $this->names->of('block_instances', $id));
            }
        }
    }

    /**
     * The modules that nobody can compare.
     *
     * @return int[] How many activities, by module.
     */
    public function unknown(): array {
        return $this->unknown;
    }

    /**
     * Reads the activities in the order of the sections, from the tables: caches may know better than they.
     */
    private function order(): void {
        global $DB;
        $modules = $DB->get_records_menu('modules', null, '', 'id, name');
        // What is on its way to the recycle bin is not backed up either.
        $all = $DB->get_records('course_modules', ['course' => $this->course->id, 'deletioninprogress' => 0], 'id');
        foreach (array_unique(array_merge($this->sequence($all, $modules), array_keys($all))) as $id) {
            if (!isset($all[$id])) {
                continue;
            }
            $all[$id]->modname = $modules[$all[$id]->module] ?? 'unknown';
            if ($this->nonotice && $all[$id]->modname === 'label' && $all[$id]->idnumber === finish::NOTICE) {
                continue;
            }
            if ($this->ownbanks && $this->is_own_bank($all[$id])) {
                foreach (['context', 'content_context'] as $set) {
                    $this->names->also($set, \context_module::instance($id)->id, 'course');
                }
                continue;
            }
            $this->activities[] = $all[$id];
        }
    }

    /**
     * The activities in the order of the sections. A section that belongs to an activity follows it, for a restore numbers such sections
     * anew.
     *
     * @param \stdClass[] $all The activities, by number.
     * @param string[] $modules
     * @return int[]
     */
    private function sequence(array $all, array $modules): array {
        global $DB;
        $sections = $DB->get_records('course_sections', ['course' => $this->course->id], 'section');
        $delegated = [];
        foreach ($sections as $section) {
            if (!empty($section->component)) {
                $delegated["$section->component/$section->itemid"] = $section;
            }
        }
        $order = [];
        $follow = function(\stdClass $section) use (&$follow, &$order, $delegated, $all, $modules): void {
            foreach (array_filter(explode(',', (string) $section->sequence)) as $id) {
                if (isset($order[$id])) {
                    continue;
                }
                $order[$id] = true;
                $owner = isset($all[$id]) ? 'mod_' . ($modules[$all[$id]->module] ?? '') . "/{$all[$id]->instance}" : '';
                if (isset($delegated[$owner])) {
                    $follow($delegated[$owner]);
                }
            }
        };
        array_map($follow, array_filter($sections, fn($section) => empty($section->component)));
        array_map($follow, $delegated);
        return array_keys($order);
    }

    /**
     * Whether an activity is the one that core has made for the question bank of the course itself.
     *
     * @param \stdClass $activity
     * @return bool
     */
    private function is_own_bank(\stdClass $activity): bool {
        global $DB;
        return $activity->modname === 'qbank'
            && $DB->get_field('qbank', 'type', ['id' => $activity->instance]) === \core_question\local\bank\question_bank_helper::TYPE_SYSTEM;
    }

    /**
     * Names an activity, its own row, and its context.
     *
     * @param \stdClass $activity
     */
    private function name(\stdClass $activity): void {
        global $DB;
        $module = $activity->modname;
        $known = in_array($module, census_recipe::modules());
        if (!$known) {
            $this->unknown[$module] = ($this->unknown[$module] ?? 0) + 1;
        }
        $exists = $DB->get_manager()->table_exists($module);
        $title = $exists ? $DB->get_field($module, 'name', ['id' => $activity->instance]) : false;
        $title = $title === false ? '(lost)' : trim($title);
        $this->names->put('course_modules', $activity->id, "$module \"$title\"");
        $name = $this->names->of('course_modules', $activity->id);
        $this->names->put($module, $activity->instance, $name);
        $context = \context_module::instance($activity->id, IGNORE_MISSING);
        if ($context) {
            $this->place($context->id, $name);
        }
    }

    /**
     * Names a context.
     *
     * @param int $context
     * @param string $name
     */
    private function place(int $context, string $name): void {
        $this->names->put('context', $context, $name);
        $this->names->put('content_context', $context, $name);
    }
}
