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
 * A backup as it is brought to a site: looked at before anything is done, and changed so that core's restore does what was asked for.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class arrival {

    /** @var string How the files are called that we change, as they came. */
    private const AS_IT_CAME = '.original';

    /** @var array[] What is known of the accounts in the backup, by their id at the source. */
    public array $users = [];

    /** @var int[] Roles here, by their id at the source; 0 for those that are left out. */
    public array $roles = [];

    /** @var bool Whether the source showed the course. */
    public readonly bool $visible;

    /** @var string The course's ID number at the source. */
    public readonly string $idnumber;

    /** @var string The course's short name at the source. */
    public readonly string $shortname;

    /** @var string The course's full name at the source. */
    public readonly string $fullname;

    /**
     * Begins.
     *
     * @param unpacked $backup
     */
    public function __construct(public readonly unpacked $backup) {
        $course = (string) @file_get_contents($this->original('course/course.xml'));
        if (!preg_match('~^<\?xml[^>]*>\s*<course ~', $course)) {
            throw new failure('bad_backup', 'The backup has no course in it');
        }
        $this->visible = unpacked::value($course, 'visible') === '1';
        $this->idnumber = unpacked::value($course, 'idnumber');
        $this->shortname = unpacked::value($course, 'shortname');
        $this->fullname = unpacked::value($course, 'fullname');
    }

    /**
     * What of the backup does not fit here.
     *
     * @param problems $problems
     * @param int $course The course's id at the source.
     */
    public function look(problems $problems, int $course): void {
        global $CFG;
        $backup = $this->backup;
        if ((string) $backup->information->details->detail->type !== 'course' || $backup->get('original_course_id') !== (string) $course) {
            $problems->add('other_backup', '', "It is no backup of the course $course, but of "
                . $backup->get('original_course_id'), true);
        }
        if ($backup->get('original_site_identifier_hash') === md5(get_site_identifier())) {
            $problems->add('same_site', '', 'Source and target have one site identifier: they are one site, or one is a copy of the other '
                . 'that kept it, and core would take the ids of users for its own', true);
        }
        if ((float) $backup->get('moodle_version') > (float) $CFG->version) {
            $problems->add('newer_backup', '', 'The backup is of Moodle ' . $backup->get('moodle_release')
                . ", this site is $CFG->release", true);
        }
        $files = false;
        foreach ($backup->files() as $ignored) {
            $files = true;
            break;
        }
        if ($files && $backup->get('include_files') !== '1') {
            $problems->add('not_staged', '', 'The contents of its files are not in the backup', true);
        }
        $this->look_for_plugins($problems);
        $this->look_for_features($problems);
    }

    /**
     * Plugins that something in the backup is made with.
     *
     * @param problems $problems
     */
    private function look_for_plugins(problems $problems): void {
        $needed = [];
        foreach ($this->backup->activities() as [$module]) {
            $needed["mod_$module"] = true;
        }
        foreach (glob($this->backup->path . '/{course,activities/*}/blocks/*', GLOB_BRACE | GLOB_ONLYDIR) ?: [] as $block) {
            $needed['block_' . preg_replace('/_\d+$/D', '', basename($block))] = true;
        }
        $needed['format_' . $this->backup->get('original_course_format')] = true;
        if (is_file($this->backup->path . '/questions.xml')) {
            foreach ($this->backup->blocks('questions.xml', 'qtype') as $block) {
                $needed['qtype_' . trim(strip_tags($block))] = true;
            }
        }
        foreach (array_keys($needed) as $component) {
            if (\core_component::get_component_directory($component) === null || get_config($component, 'version') === false) {
                $problems->add('plugin', $component, "$component is not installed here: core would leave out what is made with it");
            }
        }
    }

    /**
     * Parts of Moodle that are switched off here, so that core leaves them out.
     *
     * @param problems $problems
     */
    private function look_for_features(problems $problems): void {
        global $CFG;
        $course = (string) file_get_contents($this->original('course/course.xml'));
        $badges = (string) @file_get_contents($this->backup->path . '/badges.xml', false, null, 0, 4096);
        $off = [
            'completion' => empty($CFG->enablecompletion) && unpacked::value($course, 'enablecompletion') === '1',
            'badges' => empty($CFG->enablebadges) && str_contains($badges, '<badge '),
        ];
        foreach (array_keys(array_filter($off)) as $feature) {
            $problems->add('feature', $feature, "The course has $feature, which this site has switched off: core would leave it out");
        }
    }

    /**
     * Finds a role here for each role of the backup.
     *
     * @param problems $problems
     * @param string[] $table Short names at the source => here.
     */
    public function map_roles(problems $problems, array $table): void {
        global $DB;
        $here = $DB->get_records_menu('role', null, '', 'shortname, id');
        foreach ($this->backup->blocks('roles.xml', 'role') as $block) {
            $id = preg_match('~^<role id="(\d+)"~', $block, $found) ? (int) $found[1] : 0;
            $shortname = unpacked::value($block, 'shortname');
            $as = $table[$shortname] ?? $shortname;
            $this->roles[$id] = (int) ($here[$as] ?? 0);
            if (!$this->roles[$id]) {
                $problems->add('role', $shortname, "There is no role '$as' here: whoever has it in the course would lose it");
            }
        }
    }

    /**
     * Decides whom the accounts of the backup become, and writes that into it: core then finds them by its own rules.
     *
     * @param problems $problems
     * @param array $policy
     */
    public function map_users(problems $problems, array $policy): void {
        if (!is_file($this->original('users.xml'))) {
            return;
        }
        $this->keep('users.xml');
        $accounts = [];
        foreach ($this->backup->blocks('users.xml' . self::AS_IT_CAME, 'user') as $block) {
            $account = self::account($block);
            $accounts[$account['id']] = $account;
        }
        $this->users = (new users($policy, $this->backup->get('original_site_identifier_hash')))->decide($accounts);
        $kinds = [
            'conflict' => 'user_conflict', 'ambiguous' => 'user_ambiguous', 'deleted' => 'deleted_user', 'unmatched' => 'user_unmatched',
        ];
        foreach ($this->users as $id => $one) {
            if (isset($kinds[$one['fate']])) {
                $name = $accounts[$id]['username'];
                $problems->add($kinds[$one['fate']], $name, "$name <{$accounts[$id]['email']}>: $one[why]", true);
            }
        }
        if ($problems->stop()) {
            return;
        }
        $change = function (string $block): string {
            $one = $this->users[self::account($block)['id']];
            if ($one['target'] !== null || $one['fate'] === 'renamed') {
                $block = unpacked::with(unpacked::with($block, 'username', $one['username']), 'email', $one['email']);
            }
            return $block;
        };
        $this->backup->rewrite('users.xml' . self::AS_IT_CAME, 'users.xml', 'user', $change);
    }

    /**
     * Hides the course in the backup, which core's restore would show in the middle, and gives it names that core takes: it refuses a
     * whole backup over a `<` in the course's name. The course has its own names at the end.
     */
    public function prepare(): void {
        $this->keep('course/course.xml');
        $this->backup->rewrite('course/course.xml' . self::AS_IT_CAME, 'course/course.xml', 'course',
            fn(string $block): string => unpacked::with($block, 'visible', '0'));
        $this->backup->rewrite('moodle_backup.xml', 'moodle_backup.xml', 'information', function (string $block): string {
            foreach (['fullname', 'shortname'] as $name) {
                $block = unpacked::with($block, "original_course_$name", clean_param($this->$name, PARAM_TEXT));
            }
            return $block;
        });
    }

    /**
     * How many accounts have a fate.
     *
     * @param string[] $fates
     * @return int
     */
    public function count(array $fates): int {
        return count(array_filter($this->users, fn(array $one): bool => in_array($one['fate'], $fates, true)));
    }

    /**
     * Bytes of the backup's contents that this site has not got.
     *
     * @return int
     */
    public function new_bytes(): int {
        $contents = [];
        foreach ($this->backup->files() as [$sha1, $bytes]) {
            $contents[$sha1] ??= contents::path($sha1) === null ? $bytes : 0;
        }
        return array_sum($contents);
    }

    /**
     * An account as users.xml has it.
     *
     * @param string $block
     * @return array
     */
    private static function account(string $block): array {
        if (!preg_match('~^<user id="(\d+)"~', $block, $found)) {
            throw new failure('bad_backup', 'A user of the backup has no id');
        }
        return [
            'id' => (int) $found[1],
            'username' => unpacked::value($block, 'username'),
            'email' => unpacked::value($block, 'email'),
            'idnumber' => unpacked::value($block, 'idnumber'),
            'firstaccess' => (int) unpacked::value($block, 'firstaccess'),
            'deleted' => unpacked::value($block, 'deleted') === '1',
            'mnethost' => unpacked::value($block, 'mnethosturl'),
        ];
    }

    /**
     * Where a file is as it came.
     *
     * @param string $file
     * @return string
     */
    private function original(string $file): string {
        $kept = $this->backup->path . '/' . $file . self::AS_IT_CAME;
        return is_file($kept) ? $kept : $this->backup->path . '/' . $file;
    }

    /**
     * Keeps a file as it came, once: whatever is decided the next time is decided from that. Under its own name it stays, for whoever is
     * stopped or killed before it is written anew.
     *
     * @param string $file
     */
    private function keep(string $file): void {
        $path = $this->backup->path . '/' . $file;
        $kept = $path . self::AS_IT_CAME;
        if (is_file($kept)) {
            return;
        }
        // A link is there whole or not at all, and what is written anew takes the place of the other one.
        if (!@link($path, $kept)) {
            places::must(copy($path, "$kept.half") && rename("$kept.half", $kept), "Cannot keep $path");
        }
    }
}
