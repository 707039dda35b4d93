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
 * The last task of core's backup, changed in three places: it writes no file of the directory; the directory stays; and who is named in
 * log rows comes along, for core leaves out of a restore every row whose user it does not know.
 *
 * Loaded after core's backup classes.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class last_task extends \backup_final_task {

    /** @var string[] Steps that write one file of the directory. */
    private const PACKING = ['backup_zip_contents', 'backup_store_backup_file'];

    /** @var bool Whether log rows go in. */
    private bool $logs = false;

    /**
     * Takes the place of core's own in a plan that was not executed. There is no other way in: core builds its plan in the constructor of
     * the controller, and lets nobody take a task out.
     *
     * @param \backup_plan $plan
     * @param bool $logs Whether log rows go in.
     */
    public static function replace(\backup_plan $plan, bool $logs): void {
        $property = new \ReflectionProperty(\base_plan::class, 'tasks');
        $tasks = $property->getValue($plan);
        $cores = array_pop($tasks);
        if (!$cores instanceof \backup_final_task) {
            throw new \provost\failure('unknown_plan', 'The backup of this Moodle does not end with the task that is known');
        }
        $property->setValue($plan, $tasks);
        $own = new self($cores->get_name());
        $own->logs = $logs;
        $plan->add_task($own);
    }

    #[\Override]
    public function build() {
        parent::build();
        $steps = array_filter($this->steps, fn($step): bool => !in_array(get_class($step), self::PACKING, true));
        foreach ($steps as $step) {
            if ($step instanceof \drop_and_clean_temp_stuff) {
                $step->skip_cleaning_temp_dir(true);
            }
        }
        if ($this->logs) {
            array_unshift($steps, new log_users('provost_log_users', $this));
        }
        $this->steps = array_values($steps);
    }
}

/**
 * Notes everybody that the log rows of a course name, so that they are among the backup's users. A restore takes those only whom a list of
 * references names, and core has written the course's by then: see refer().
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class log_users extends \backup_execution_step {

    /** @var int[] Who was noted last. */
    private static array $users = [];

    /**
     * Does it.
     */
    protected function define_execution() {
        global $DB;
        self::$users = [];
        if (!$DB->get_manager()->table_exists('logstore_standard_log')) {
            return;
        }
        $course = \context_course::instance($this->get_courseid());
        $below = $DB->sql_like('c.path', ':below');
        foreach (['userid', 'relateduserid', 'realuserid'] as $column) {
            $users = $DB->get_fieldset_sql("SELECT DISTINCT l.$column
                                              FROM {logstore_standard_log} l
                                              JOIN {context} c ON c.id = l.contextid
                                              JOIN {user} u ON u.id = l.$column
                                             WHERE l.courseid = :course AND (c.id = :self OR $below)",
                ['course' => $this->get_courseid(), 'self' => $course->id, 'below' => "$course->path/%"]);
            foreach ($users as $user) {
                \backup_structure_dbops::insert_backup_ids_record($this->get_backupid(), 'userfinal', $user);
                self::$users[(int) $user] = (int) $user;
            }
        }
    }

    /**
     * Adds those who were noted to the references of the course in a backup that was made.
     *
     * @param string $path The directory.
     */
    public static function refer(string $path): void {
        $file = "$path/course/inforef.xml";
        $text = (string) file_get_contents($file);
        preg_match_all('~<id>(\d+)</id>~', preg_match('~<userref>.*?</userref>~s', $text, $found) ? $found[0] : '', $there);
        $lines = '';
        foreach (array_diff(self::$users, array_map('intval', $there[1])) as $user) {
            $lines .= "    <user>\n      <id>$user</id>\n    </user>\n";
        }
        if ($lines === '') {
            return;
        }
        // Without any reference of its own, core writes the root alone.
        $text = preg_replace('~<inforef\s*/>~', "<inforef>\n</inforef>", $text, 1);
        $text = $found ? str_replace('  </userref>', "$lines  </userref>", $text)
            : str_replace('</inforef>', "  <userref>\n$lines  </userref>\n</inforef>", $text);
        if (!str_contains($text, $lines)) {
            throw new \provost\failure('bad_backup', 'The references of the course are not of the shape that is known');
        }
        places::replace($file, function ($out) use ($text): void {
            places::must(fwrite($out, $text) === strlen($text), 'Cannot write course/inforef.xml');
        });
    }
}
