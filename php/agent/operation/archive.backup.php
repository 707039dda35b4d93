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

use provost\archive\last_task;
use provost\archive\log_users;
use provost\archive\marks;
use provost\archive\places;
use provost\archive\problems;
use provost\archive\quiet;
use provost\archive\recordsets;
use provost\archive\unpacked;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Backs one course up into a directory, by core's own means, with every setting set and read back.
 *
 * Parameters: unit, course, directory, form ("thin": a directory without contents of files, "whole": with them, "mbz": core's file),
 * settings (a map of names to booleans), accept. Answer: see BackedUp and Problem in crates/provost-sites/src/archive. What is made lies at
 * directory/unit. Nothing of it is half: it is made aside and renamed. At the site nothing is left.
 */
return new class implements operation {

    /** @var string[] Root settings of core that are ours to set. "users" first: the others hang on it. */
    private const SETTINGS = [
        'users', 'anonymize', 'role_assignments', 'activities', 'blocks', 'filters', 'comments', 'badges', 'calendarevents',
        'userscompletion', 'logs', 'grade_histories', 'groups', 'competencies', 'customfield', 'contentbankcontent', 'xapistate',
        'legacyfiles',
    ];

    /** @var string The SHA-1 of nothing. */
    private const EMPTY = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $DB;
        require_once(__DIR__ . '/../archive/library.php');
        quiet::begin();
        $unit = marks::unit($params);
        $directory = places::directory($params, 'directory');
        $form = $params['form'] ?? 'thin';
        $settings = $this->settings($params['settings'] ?? []);
        if (!in_array($form, ['thin', 'whole', 'mbz'], true) || !is_int($params['course'] ?? null)) {
            throw new failure('bad_request', "'form' must be thin, whole or mbz, and 'course' a number");
        }
        $course = $DB->get_record('course', ['id' => $params['course']]);
        if (!$course || $course->id == SITEID) {
            throw new failure('no_course', "There is no course {$params['course']} that could be archived");
        }
        recordsets::of_course((int) $course->id);
        $lock = marks::lock("backup_$unit");
        try {
            $problems = new problems($params['accept'] ?? []);
            $this->left_out($course, $settings, $problems);
            $aliases = $this->contents($course, $problems);
            if ($problems->stop()) {
                return $problems->answer();
            }
            $place = "$directory/$unit";
            // Always a new one: the course may have changed since one that lies there was made.
            $this->make($course, $directory, $unit, $form, $settings, $aliases, $task);
            $task->effect($place);
            return ['state' => 'done'] + $this->told($place, $form, $settings) + ['accepted' => $problems->accepted()];
        } finally {
            $lock->release();
        }
    }

    /**
     * The settings asked for: all of core's, each by its name.
     *
     * @param mixed $asked
     * @return bool[]
     */
    private function settings(mixed $asked): array {
        if (!is_array($asked) || array_filter($asked, fn($value): bool => !is_bool($value))
                || array_diff(array_keys($asked), self::SETTINGS)) {
            throw new failure('bad_request', "'settings' must be a map of core's settings to booleans");
        }
        $settings = [];
        foreach (self::SETTINGS as $name) {
            $settings[$name] = $asked[$name] ?? ($name !== 'anonymize');
        }
        if (!$settings['users']) {
            // What core ties to users.
            foreach (['anonymize', 'role_assignments', 'comments', 'userscompletion', 'logs', 'grade_histories', 'xapistate'] as $name) {
                $settings[$name] = false;
            }
        }
        return $settings;
    }

    /**
     * What core leaves out without a word: activities without support for backups, and what is about to be deleted.
     *
     * @param stdClass $course
     * @param bool[] $settings
     * @param problems $problems
     */
    private function left_out(stdClass $course, array $settings, problems $problems): void {
        global $DB;
        if (!$settings['activities']) {
            return;
        }
        $rows = $DB->get_records_sql('SELECT cm.id, m.name, cm.instance, cm.deletioninprogress
                                        FROM {course_modules} cm JOIN {modules} m ON m.id = cm.module
                                       WHERE cm.course = ? ORDER BY cm.id', [$course->id]);
        foreach ($rows as $row) {
            if ($row->deletioninprogress) {
                $problems->add('deletion', "mod_$row->name:$row->id", "The activity $row->id (mod_$row->name) is being deleted: wait "
                    . "until the site's cron has done it");
            } else if (!plugin_supports('mod', $row->name, FEATURE_BACKUP_MOODLE2)) {
                $there = $DB->get_manager()->table_exists($row->name);
                $title = $there ? $DB->get_field($row->name, 'name', ['id' => $row->instance]) : $row->instance;
                $problems->add('left_out', "mod_$row->name", "The backup of Moodle leaves out mod_$row->name \"$title\"");
            }
        }
    }

    /**
     * What of the course's files cannot come along: contents that cannot be read, and files that are elsewhere.
     *
     * @param stdClass $course
     * @param problems $problems
     * @return bool Whether there are files that only point to others.
     */
    private function contents(stdClass $course, problems $problems): bool {
        global $DB;
        $context = context_course::instance($course->id);
        $below = $DB->sql_like('c.path', ':below');
        $rows = $DB->get_recordset_sql("SELECT f.id, f.contenthash, f.filesize, f.component, f.filepath, f.filename, f.referencefileid
                                          FROM {files} f JOIN {context} c ON c.id = f.contextid
                                         WHERE f.filename <> '.' AND (c.id = :self OR $below)
                                               AND NOT (f.component = 'backup') AND f.filearea <> 'draft'
                                               AND NOT (f.component = 'user')",
            ['self' => $context->id, 'below' => "$context->path/%"]);
        $system = get_file_storage()->get_file_system();
        [$seen, $aliases] = [[], false];
        foreach ($rows as $row) {
            $name = "$row->component $row->filepath$row->filename";
            $readable = $seen[$row->contenthash] ??= $system->is_file_readable_locally_by_hash($row->contenthash);
            if (!empty($row->referencefileid)) {
                $aliases = true;
                if ($row->contenthash === self::EMPTY || !$readable) {
                    $problems->add('external_file', $name, "The file $name lies outside of this Moodle, and no copy of it is here");
                } else {
                    $problems->add('alias', $name, "The file $name only points to another one; it would become a file of its own");
                }
            } else if (!$readable) {
                $problems->add('missing_content', $row->contenthash, "The content $row->contenthash of $name cannot be read");
            }
        }
        $rows->close();
        return $aliases;
    }

    /**
     * Has core make the backup, aside, and renames it.
     *
     * @param stdClass $course
     * @param string $directory
     * @param string $unit
     * @param string $form
     * @param bool[] $settings
     * @param bool $aliases Whether there are files that only point to others.
     * @param task $task
     */
    private function make(stdClass $course, string $directory, string $unit, string $form, array $settings, bool $aliases,
            task $task): void {
        global $CFG, $DB, $USER;
        $aside = "$directory/.$unit.making";
        foreach (is_dir($aside) ? scandir($aside) : [] as $name) {
            // What one that was killed has left: its directory is named as its row.
            $DB->delete_records('backup_controllers', ['backupid' => $name]);
        }
        places::remove($aside);
        places::must(mkdir($aside, 0770), "Cannot make $aside");
        $before = $CFG->backuptempdir;
        $CFG->backuptempdir = $aside;
        $controller = null;
        try {
            $begun = time();
            $mode = $form === 'thin' ? backup::MODE_SAMESITE : backup::MODE_GENERAL;
            $controller = new backup_controller(backup::TYPE_1COURSE, $course->id, backup::FORMAT_MOODLE, backup::INTERACTIVE_NO,
                $mode, $USER->id);
            // Core loads the class that it extends with the controller.
            require_once(__DIR__ . '/../archive/last_task.php');
            $this->apply($controller, $settings);
            last_task::replace($controller->get_plan(), $settings['logs']);
            $controller->set_progress(new \provost\archive\progress($task, 'backup'));
            $controller->execute_plan();
            $made = "$aside/" . $controller->get_backupid();
            $found = new unpacked($made);
            $differing = $this->differing($found, $settings);
            if ($differing) {
                throw new failure('read_back', 'The backup has other settings than were asked for: ' . implode(', ', $differing));
            }
            // Core dates a backup by its end. What happens in the course meanwhile may be in it or not, and is not to be looked for.
            $found->rewrite('moodle_backup.xml', 'moodle_backup.xml', 'information',
                fn(string $block): string => unpacked::with($block, 'backup_date', (string) $begun));
            if ($settings['logs']) {
                log_users::refer($made);
            }
            if ($aliases) {
                $this->materialise($found);
            }
            if ($form === 'mbz') {
                $this->pack($made);
            }
            places::remove("$directory/$unit");
            places::must(rename($made, "$directory/$unit"), "Cannot move $made");
        } finally {
            $CFG->backuptempdir = $before;
            if ($controller) {
                $DB->delete_records('backup_controllers', ['backupid' => $controller->get_backupid()]);
                $controller->destroy();
            }
            places::remove($aside);
        }
    }

    /**
     * Sets every setting. Locks that the site's defaults put on them are for people in the browser.
     *
     * @param backup_controller $controller
     * @param bool[] $settings
     */
    private function apply(backup_controller $controller, array $settings): void {
        $plan = $controller->get_plan();
        $set = function (string $name, $value) use ($plan): void {
            if (!$plan->setting_exists($name)) {
                return;
            }
            $setting = $plan->get_setting($name);
            if ((string) (int) $setting->get_value() === (string) (int) $value) {
                return;
            }
            if (!in_array($setting->get_status(), [base_setting::NOT_LOCKED, base_setting::LOCKED_BY_HIERARCHY], true)) {
                $setting->set_status(base_setting::NOT_LOCKED);
            }
            $setting->set_value($value);
        };
        foreach ($settings as $name => $value) {
            $set($name, $value);
        }
        // A setting of its own before Moodle 5.0.
        $set('questionbank', true);
        $set('files', true);
        foreach (array_keys($plan->get_settings()) as $name) {
            if (preg_match('/_included$/D', $name)) {
                $set($name, str_starts_with($name, 'section_') || $settings['activities']);
            } else if (preg_match('/_userinfo$/D', $name)) {
                $set($name, $settings['users']);
            } else if (str_starts_with($name, 'imscc')) {
                $set($name, false);
            }
        }
    }

    /**
     * Settings that the backup has otherwise, as it says of itself.
     *
     * @param unpacked $found
     * @param bool[] $settings
     * @return string[]
     */
    private function differing(unpacked $found, array $settings): array {
        $differing = [];
        $root = $found->settings('root');
        foreach ($settings as $name => $value) {
            // Competencies are a setting only where the site uses them; others came with later versions.
            if (isset($root[$name]) && (bool) (int) $root[$name] !== $value) {
                $competencies = $name === 'competencies' && !$root[$name] && !\core_competency\api::is_enabled();
                $badges = $name === 'badges' && !$root[$name] && !$settings['activities'];
                $differing[] = $competencies || $badges ? null : "$name=$root[$name]";
            }
        }
        foreach ($found->settings('activity') + $found->settings('section') as $name => $value) {
            $shall = str_ends_with($name, '_userinfo') ? $settings['users'] : true;
            if (preg_match('/_(included|userinfo)$/D', $name) && (bool) (int) $value !== $shall) {
                $differing[] = "$name=$value";
            }
        }
        return array_values(array_filter($differing));
    }

    /**
     * Turns a directory into one with core's file alone.
     *
     * @param string $made
     */
    private function pack(string $made): void {
        $files = [];
        foreach (get_directory_list($made, '', false, true, true) as $file) {
            $files[$file] = "$made/$file";
        }
        // Never a zip, whatever the site prefers: PHP takes a tar of gzip apart without an extension that may not be there.
        $packed = get_file_packer('application/x-gzip')->archive_to_pathname($files, "$made.mbz", false);
        places::must($packed === true && is_file("$made.mbz"), "Cannot write $made.mbz");
        backup_general_helper::get_backup_information_from_mbz("$made.mbz");
        foreach (scandir($made) as $name) {
            if ($name !== '.' && $name !== '..' && $name !== 'moodle_backup.xml' && $name !== 'files.xml') {
                places::remove("$made/$name");
            }
        }
        places::must(rename("$made.mbz", "$made/backup.mbz"), "Cannot move $made.mbz");
    }

    /**
     * Makes files of what only points to one, where the content is here: on another site core would drop them.
     *
     * @param unpacked $backup
     */
    private function materialise(unpacked $backup): void {
        $system = get_file_storage()->get_file_system();
        $backup->rewrite('files.xml', 'files.xml', 'file', function (string $block) use ($system, $backup): string {
            if (unpacked::value($block, 'repositoryid') === '') {
                return $block;
            }
            $sha1 = unpacked::value($block, 'contenthash');
            if (!preg_match('/^[0-9a-f]{40}$/D', $sha1) || !$system->is_file_readable_locally_by_hash($sha1)) {
                return $block;
            }
            foreach (['repositorytype', 'repositoryid', 'reference'] as $name) {
                $block = unpacked::with($block, $name, null);
            }
            $into = "$backup->path/files/" . substr($sha1, 0, 2);
            if (is_dir("$backup->path/files") && !is_file("$into/$sha1")) {
                places::must(is_dir($into) || mkdir($into, 0770), "Cannot make $into");
                $path = \provost\archive\contents::path($sha1);
                places::must($path !== null && copy($path, "$into/$sha1"), "Cannot copy $sha1");
            }
            return $block;
        });
    }

    /**
     * What the backup says of itself.
     *
     * @param string $place
     * @param string $form
     * @param bool[] $settings
     * @return array
     */
    private function told(string $place, string $form, array $settings): array {
        $found = new unpacked($place);
        [$files, $contents] = [0, []];
        foreach ($found->files() as [$sha1, $bytes]) {
            $files++;
            $contents[$sha1] = $bytes;
        }
        $users = 0;
        if ($settings['users'] && is_file("$place/users.xml")) {
            foreach ($found->blocks('users.xml', 'user') as $ignored) {
                $users++;
            }
        }
        $activities = array_count_values(array_map(fn(array $one): string => "mod_$one[0]", $found->activities()));
        [$bytes, $structure] = places::measure($place, ['files']);
        return [
            'path' => $form === 'mbz' ? "$place/backup.mbz" : $place,
            'backup_id' => $found->id(),
            'structure_bytes' => $bytes,
            'structure_files' => $structure,
            'contents' => count($contents),
            'content_bytes' => array_sum($contents),
            'files' => $files,
            'users' => $users,
            'activities' => (object) $activities,
            'settings' => (object) $found->settings('root'),
            'at' => (int) $found->get('backup_date'),
            'moodle_version' => $found->get('moodle_version'),
            'site' => $found->get('original_site_identifier_hash'),
        ];
    }
};
