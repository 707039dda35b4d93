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

use provost\archive\arrival;
use provost\archive\categories;
use provost\archive\deletion;
use provost\archive\finish;
use provost\archive\marks;
use provost\archive\notes;
use provost\archive\places;
use provost\archive\problems;
use provost\archive\progress;
use provost\archive\quiet;
use provost\archive\recordsets;
use provost\archive\unpacked;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Restores one course from an unpacked backup, by core's own means: hidden, marked, once.
 *
 * Parameters and answer: RestoreRequest and Restore in crates/provost-sites/src/archive. Whatever goes wrong, there is no course
 * afterwards; when the process is killed, the mark says which course the next one removes first.
 */
return new class implements operation {

    /** @var string[] Root settings of core that are ours to set. "users" first: the others hang on it. */
    private const SETTINGS = [
        'users', 'role_assignments', 'activities', 'blocks', 'filters', 'comments', 'badges', 'calendarevents', 'userscompletion', 'logs',
        'grade_histories', 'groups', 'competencies', 'customfield', 'contentbankcontent', 'xapistate', 'legacyfiles',
    ];

    /** @var int The user that core notes for what it does by itself. Rows of user 0 have no way back: core takes 0 for unknown. */
    private const MOODLE = -1;

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        quiet::begin();
        require_once(__DIR__ . '/../archive/notes.php');
        $unit = marks::unit($params);
        $path = places::directory($params, 'backup');
        recordsets::of_backup($path);
        if (!is_int($params['category'] ?? null) || !is_int($params['course'] ?? null)) {
            throw new failure('bad_request', "'category' and 'course' must be numbers");
        }
        $lock = marks::lock($unit);
        try {
            $mark = marks::read(marks::RESTORED . $unit);
            $there = $this->marked($unit, $mark);
            if ($there && $mark['state'] === 'restored') {
                if ((int) ($mark['source'] ?? 0) !== $params['course']) {
                    throw new failure('not_ours', "The course $there->id carries the mark of '$unit', and came from another course");
                }
                return $this->answer($there, $mark, true, [], []);
            }
            if ($there) {
                deletion::ours($there);
                $task->effect("course $there->id removed");
            }
            marks::write(marks::RESTORED . $unit, null);
            $problems = new problems($params['accept'] ?? []);
            $arrival = new arrival(new unpacked($path));
            $arrival->look($problems, $params['course']);
            $this->look($params, $arrival, $problems);
            $arrival->map_roles($problems, $params['roles'] ?? []);
            if (!$problems->stop() && $this->wants($params, 'users')) {
                marks::make_accounts($task);
                $arrival->map_users($problems, $params['users'] ?? []);
            }
            if ($problems->stop()) {
                return $problems->answer();
            }
            $arrival->prepare();
            return $this->restore($unit, $params, $arrival, $problems, $task);
        } finally {
            marks::accounts_are_made();
            $lock->release();
        }
    }

    /**
     * Whether a part is asked for.
     *
     * @param array $params
     * @param string $name
     * @return bool
     */
    private function wants(array $params, string $name): bool {
        return (bool) ($params['settings'][$name] ?? true);
    }

    /**
     * The course that a unit has here, whole or not: by its mark, or by the name it has before the mark knows its id.
     *
     * @param string $unit
     * @param array|null $mark
     * @return stdClass|null
     */
    private function marked(string $unit, ?array $mark): ?stdClass {
        global $DB;
        $course = empty($mark['course']) ? null : $DB->get_record('course', ['id' => $mark['course']]);
        $course = $course ?: $DB->get_record('course', ['shortname' => self::placeholder($unit)]);
        return $course ?: null;
    }

    /**
     * The short name of the empty course that a restore begins with.
     *
     * @param string $unit
     * @return string
     */
    private static function placeholder(string $unit): string {
        return "provost:$unit";
    }

    /**
     * What of the site is in the way.
     *
     * @param array $params
     * @param arrival $arrival
     * @param problems $problems
     */
    private function look(array $params, arrival $arrival, problems $problems): void {
        global $CFG, $DB;
        if (!$DB->record_exists('course_categories', ['id' => $params['category']])) {
            $problems->add('no_category', (string) $params['category'], "There is no category $params[category] here", true);
        }
        $shortname = $this->shortname($params, $arrival);
        if ($DB->record_exists('course', ['shortname' => $shortname])) {
            $problems->add('name_clash', $shortname, "Another course here has the short name '$shortname'", true);
        }
        if ($arrival->idnumber !== '' && $DB->record_exists('course', ['idnumber' => $arrival->idnumber])) {
            $problems->add('idnumber_clash', $arrival->idnumber, "Another course here has the ID number '$arrival->idnumber'");
        }
        [$free, $needed] = [disk_free_space($CFG->dataroot), $arrival->new_bytes()];
        if ($free !== false && $free < $needed) {
            $problems->add('not_enough_disk', '', 'There are ' . (int) $free . " bytes free here, and the contents alone are $needed");
        }
    }

    /**
     * The short name that the course gets.
     *
     * @param array $params
     * @param arrival $arrival
     * @return string
     */
    private function shortname(array $params, arrival $arrival): string {
        $asked = $params['shortname'] ?? '';
        return $asked !== '' ? $asked : $arrival->shortname;
    }

    /**
     * The full name that the course gets.
     *
     * @param array $params
     * @param arrival $arrival
     * @return string
     */
    private function fullname(array $params, arrival $arrival): string {
        $asked = $params['fullname'] ?? '';
        return $asked !== '' ? $asked : $arrival->fullname;
    }

    /**
     * Gives the course its names. Core has given it others where another course has the same full name, which Moodle allows, and ours
     * before that.
     *
     * @param stdClass $course
     * @param array $params
     * @param arrival $arrival
     */
    private function name(stdClass $course, array $params, arrival $arrival): void {
        (new finish((int) $course->id))->rename([
            'shortname' => $this->shortname($params, $arrival), 'fullname' => $this->fullname($params, $arrival),
        ]);
    }

    /**
     * Makes the course.
     *
     * @param string $unit
     * @param array $params
     * @param arrival $arrival
     * @param problems $problems
     * @param task $task
     * @return array
     */
    private function restore(string $unit, array $params, arrival $arrival, problems $problems, task $task): array {
        global $CFG, $DB;
        require_once("$CFG->dirroot/course/lib.php");
        $mark = [
            'state' => 'restoring',
            'course' => null,
            'site' => $arrival->backup->get('original_site_identifier_hash'),
            'source' => $params['course'],
        ];
        marks::write(marks::RESTORED . $unit, $mark);
        [$tempdir, $forced] = [$CFG->backuptempdir, $CFG->config_php_settings];
        [$course, $controller] = [null, null];
        try {
            $id = $this->create($unit, $params['category']);
            $course = $DB->get_record('course', ['id' => $id], '*', MUST_EXIST);
            $mark['course'] = (int) $course->id;
            marks::write(marks::RESTORED . $unit, $mark);
            $CFG->backuptempdir = dirname($arrival->backup->path);
            $CFG->keeptempdirectoriesonbackup = true;
            // Moodle 4.5 and later write every picture that comes in anew, without its EXIF, if an administrator wishes so. A copy's
            // contents are the original's: what was not to be kept was taken out there.
            $CFG->config_php_settings['file_redactor_exifremoverenabled'] = 0;
            $controller = $this->controller($params, $arrival, $course, $task);
            if (!$this->is_fit($controller, $problems)) {
                $this->give_up($unit, $course);
                return $problems->answer();
            }
            // Who Moodle says it was where it was Moodle itself, in log rows: nobody, and core would leave the row out.
            // After a warning core has dropped its tables, and takes those that it finds later for full ones.
            if (!$controller->get_precheck_results()) {
                restore_dbops::set_backup_ids_record($controller->get_restoreid(), 'user', self::MOODLE, self::MOODLE);
            }
            $controller->execute_plan();
            categories::settle($arrival->backup->path, (int) $course->id);
            $this->name($course, $params, $arrival);
            $this->check($course);
            $notes = notes::lines();
            $mark = [
                'state' => 'restored',
                'at' => time(),
                'visible' => $arrival->visible,
                'idnumber' => $arrival->idnumber,
                'matched' => $arrival->count(['matched']),
                'made' => $arrival->count(['made', 'renamed']),
            ] + $mark;
            // This one waits for the disk, and with it all before it.
            quiet::without_waiting(false);
            marks::write(marks::RESTORED . $unit, $mark);
            $task->effect("course $course->id");
        } catch (\Throwable $thrown) {
            $this->clean_up($controller);
            if ($course) {
                $this->roll_back();
                try {
                    $this->give_up($unit, $course);
                } catch (\Throwable $second) {
                    // What is left is found by the mark, and goes before the next attempt. Why the first failed is what people need.
                    $task->effect("course $course->id is left: " . $second->getMessage());
                }
            }
            throw $thrown;
        } finally {
            [$CFG->backuptempdir, $CFG->config_php_settings] = [$tempdir, $forced];
        }
        $this->clean_up($controller);
        return $this->answer($DB->get_record('course', ['id' => $course->id], '*', MUST_EXIST), $mark, false, $problems->accepted(), $notes);
    }

    /**
     * Makes the empty course. Nobody takes its category away meanwhile: see archive.uncategory.
     *
     * @param string $unit
     * @param int $category
     * @return int
     */
    private function create(string $unit, int $category): int {
        global $DB;
        $lock = places::categories();
        try {
            if (!$DB->record_exists('course_categories', ['id' => $category])) {
                throw new failure('busy', "The category $category was taken away meanwhile");
            }
            // As core's restore makes it: create_course() would add enrolment methods and blocks, which then are there twice.
            return restore_dbops::create_new_course("Provost $unit", self::placeholder($unit), $category);
        } finally {
            $lock->release();
        }
    }

    /**
     * Core's controller, with everything set.
     *
     * @param array $params
     * @param arrival $arrival
     * @param stdClass $course
     * @param task $task
     * @return restore_controller
     */
    private function controller(array $params, arrival $arrival, stdClass $course, task $task): restore_controller {
        global $USER;
        $controller = new restore_controller(basename($arrival->backup->path), $course->id, backup::INTERACTIVE_NO, backup::MODE_GENERAL,
            $USER->id, backup::TARGET_NEW_COURSE, new progress($task, 'restore'));
        $plan = $controller->get_plan();
        $set = function (string $name, $value) use ($plan): void {
            if (!$plan->setting_exists($name) || $plan->get_setting($name)->get_value() == $value) {
                return;
            }
            $setting = $plan->get_setting($name);
            if (!in_array($setting->get_status(), [base_setting::NOT_LOCKED, base_setting::LOCKED_BY_HIERARCHY], true)) {
                $setting->set_status(base_setting::NOT_LOCKED);
            }
            $setting->set_value($value);
        };
        $root = $arrival->backup->settings('root');
        foreach (self::SETTINGS as $name) {
            // What is not in the backup cannot be wished for.
            $set($name, !empty($root[$name]) && $this->wants($params, $name));
        }
        $set('enrolments', backup::ENROL_ALWAYS);
        $set('permissions', true);
        foreach (array_keys($plan->get_settings()) as $name) {
            if (preg_match('/_included$/D', $name)) {
                $set($name, str_starts_with($name, 'section_') || $this->wants($params, 'activities'));
            } else if (preg_match('/_userinfo$/D', $name)) {
                $set($name, !empty($root['users']) && $this->wants($params, 'users'));
            }
        }
        $mappings = $controller->get_info()->role_mappings;
        $mappings->modified = true;
        foreach ($arrival->roles as $old => $new) {
            $mappings->mappings[$old] = (object) ['targetroleid' => $new];
        }
        $controller->add_logger(notes::begin());
        return $controller;
    }

    /**
     * Core's own check. What it finds stops, and what it warns of stops unless it is accepted.
     *
     * @param restore_controller $controller
     * @param problems $problems
     * @return bool
     */
    private function is_fit(restore_controller $controller, problems $problems): bool {
        if (!$controller->execute_precheck()) {
            $results = $controller->get_precheck_results();
            foreach (['errors' => 'precheck', 'warnings' => 'precheck_warning'] as $name => $kind) {
                foreach ($results[$name] ?? [] as $text) {
                    if ($name === 'warnings' && self::is_of_questions((string) $text)) {
                        continue;
                    }
                    $problems->add($kind, '', strip_tags((string) $text), $name === 'errors');
                }
            }
        }
        if ($problems->stop()) {
            // Where it found something, core has dropped its tables already.
            if (!$controller->get_precheck_results()) {
                restore_controller_dbops::drop_restore_temp_tables($controller->get_restoreid());
            }
            $this->clean_up($controller);
            return false;
        }
        return true;
    }

    /**
     * Whether a warning says no more than that questions from outside the course come into a question bank of the course: Moodle 5.0 says
     * so of every course of an older one, and the census sees whether they all came.
     *
     * @param string $text
     * @return bool
     */
    private static function is_of_questions(string $text): bool {
        foreach (['qcategory2coursefallback', 'question2coursefallback'] as $name) {
            $parts = explode('@', get_string($name, 'backup', (object) ['name' => '@']));
            if (count($parts) === 2 && str_starts_with($text, $parts[0]) && str_ends_with($text, $parts[1])) {
                return true;
            }
        }
        return false;
    }

    /**
     * What core's restore does not fail over, and should.
     *
     * @param stdClass $course
     */
    private function check(stdClass $course): void {
        global $DB;
        if (notes::missing()) {
            throw new failure('incomplete', 'Core left ' . notes::missing() . ' file(s) out of the course', implode("\n", notes::lines()));
        }
        if ($DB->get_field('course', 'visible', ['id' => $course->id]) !== '0') {
            throw new failure('read_back', 'The course was to be hidden, and is not');
        }
    }

    /**
     * Takes away what core keeps of a restore.
     *
     * @param restore_controller|null $controller
     */
    private function clean_up(?restore_controller $controller): void {
        global $DB;
        if ($controller) {
            $DB->delete_records('backup_controllers', ['backupid' => $controller->get_restoreid()]);
            $controller->destroy();
        }
    }

    /**
     * Removes a course that is not whole, and its mark.
     *
     * @param string $unit
     * @param stdClass $course
     */
    private function give_up(string $unit, stdClass $course): void {
        global $DB;
        $there = $DB->get_record('course', ['id' => $course->id]);
        if ($there) {
            deletion::ours($there);
        }
        marks::write(marks::RESTORED . $unit, null);
    }

    /**
     * Ends the transactions that a failed restore left.
     */
    private function roll_back(): void {
        global $DB;
        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
    }

    /**
     * The answer.
     *
     * @param stdClass $course
     * @param array $mark
     * @param bool $already
     * @param array[] $accepted
     * @param string[] $notes
     * @return array
     */
    private function answer(stdClass $course, array $mark, bool $already, array $accepted, array $notes): array {
        return [
            'state' => 'done',
            'course' => (int) $course->id,
            'shortname' => $course->shortname,
            'already' => $already,
            'was_visible' => (bool) ($mark['visible'] ?? false),
            'idnumber' => (string) ($mark['idnumber'] ?? ''),
            'users_matched' => (int) ($mark['matched'] ?? 0),
            'users_made' => (int) ($mark['made'] ?? 0),
            'accepted' => $accepted,
            'notes' => $notes,
            'durable' => quiet::why_not_durable() === null,
        ];
    }
};
