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
 * Keeps Moodle quiet while courses come and go: nothing is logged of what we do, nobody gets mail or a welcome, and what backup and
 * restore say of themselves goes to nobody. And the database does not wait for its disk after every row.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class quiet {

    /** @var string The hook on which greetings hang, and rooms of chats that people are let into. */
    private const ENROLLED = 'core_enrol\hook\after_user_enrolled';

    /**
     * Begins. It stays so until the process ends, or this is called in the other way.
     *
     * @param bool $logged Whether the site's log tells what is done: what happens to a course that is not ours is for its people to know.
     */
    public static function begin(bool $logged = false): void {
        global $CFG;
        require_once("$CFG->dirroot/backup/util/includes/backup_includes.php");
        require_once("$CFG->dirroot/backup/util/includes/restore_includes.php");
        // Core's log rows alone make hundreds of notices for developers in one restore.
        set_debugging(DEBUG_NONE, false);
        if ($logged) {
            get_log_manager(true);
        } else {
            self::without_log();
        }
        $CFG->noemailever = true;
        foreach (['error_log', 'output_indented', 'file', 'database'] as $logger) {
            $CFG->{"backup_{$logger}_logger_level"} = \backup::LOG_NONE;
        }
        unset($CFG->backup_file_logger_extra);
        self::without_welcome();
        self::without_waiting(true);
    }

    /**
     * Brings what was logged to the database: an agent lives long, and Moodle keeps log rows back until there are many.
     */
    public static function flush(): void {
        get_log_manager(true);
    }

    /**
     * Whether each commit waits for the disk. PostgreSQL writes in order: when one that waits has returned, all before it are there.
     *
     * @param bool $without
     */
    public static function without_waiting(bool $without): void {
        global $DB;
        if ($DB->get_dbfamily() === 'postgres') {
            $DB->execute('SET SESSION synchronous_commit TO ' . ($without ? 'off' : 'on'));
        }
    }

    /**
     * Why what was committed may be lost with the machine; null where the database says that it is not.
     *
     * @return string|null
     */
    public static function why_not_durable(): ?string {
        global $DB;
        if ($DB->get_dbfamily() === 'postgres') {
            return $DB->get_field_sql("SELECT current_setting('fsync')") === 'on' ? null : 'PostgreSQL runs with fsync off';
        }
        if ($DB->get_dbfamily() === 'mysql') {
            $value = (string) $DB->get_field_sql('SELECT @@innodb_flush_log_at_trx_commit');
            return $value === '1' ? null : "the server runs with innodb_flush_log_at_trx_commit $value";
        }
        return 'nothing is known of this database';
    }

    /**
     * Gives Moodle a log manager without stores. The setting itself stays: restores look there which log rows they take.
     */
    private static function without_log(): void {
        global $CFG;
        $forced = $CFG->forced_plugin_settings['tool_log'] ?? null;
        $CFG->forced_plugin_settings['tool_log']['enabled_stores'] = '';
        get_log_manager(true)->get_readers();
        if ($forced === null) {
            unset($CFG->forced_plugin_settings['tool_log']);
        } else {
            $CFG->forced_plugin_settings['tool_log'] = $forced;
        }
    }

    /**
     * Takes everything off the hook that is called for whoever is enrolled, in this process. Overrides in $CFG would come too late: the
     * manager has read them.
     */
    private static function without_welcome(): void {
        if (!class_exists(self::ENROLLED) || !class_exists(\core\hook\manager::class)) {
            return;
        }
        $property = new \ReflectionProperty(\core\hook\manager::class, 'allcallbacks');
        $manager = \core\hook\manager::get_instance();
        $callbacks = $property->getValue($manager);
        unset($callbacks[self::ENROLLED]);
        $property->setValue($manager, $callbacks);
    }
}
