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

use provost\failure;
use provost\languages;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Installs a language pack: from a file as the translators' site offers it for download, or, without one, by core, which downloads it.
 *
 * Parameters: language (its code), file (a zip that this site can read, or null), dry (whether nothing is changed). Answer: see rows.php. A pack that is
 * there with the same files is no change.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once("$CFG->libdir/filelib.php");
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../languages.php');
        $language = languages::code($params['language'] ?? null);
        if ($language === 'en') {
            throw new failure('refused', "English is part of Moodle's code, and no pack");
        }
        $rows = new rows(['language', 'was', 'is']);
        $there = isset(get_string_manager()->get_list_of_translations(true)[$language]);
        if (($params['file'] ?? null) === null) {
            $this->download($language, $there, !empty($params['dry']), $rows);
            return $rows->answer();
        }
        $new = $this->unpacked($params['file'], $language);
        $place = "$CFG->langotherroot/$language";
        $is = is_dir($place) ? self::digest($place) : null;
        $wanted = self::digest($new);
        if ($is === $wanted) {
            return $rows->answer();
        }
        $rows->change($language, $is === null ? null : 'another pack', 'this pack');
        if (!empty($params['dry'])) {
            return $rows->answer();
        }
        make_writable_directory($CFG->langotherroot);
        // Beside the old one first: a pack that is half there would be read.
        $beside = "$CFG->langotherroot/.$language.new";
        fulldelete($beside);
        self::copy($new, $beside);
        $old = "$CFG->langotherroot/.$language.old";
        fulldelete($old);
        if ((is_dir($place) && !rename($place, $old)) || !rename($beside, $place)) {
            throw new failure('not_written', "The directory of language packs cannot be written to: $CFG->langotherroot");
        }
        fulldelete($old);
        get_string_manager()->reset_caches();
        $task->effect("language $language");
        if (self::digest($place) !== $wanted || !isset(get_string_manager()->get_list_of_translations(true)[$language])) {
            throw new failure('read_back', "The language '$language' was installed, and Moodle does not know it");
        }
        return $rows->answer();
    }

    /**
     * Has core download a pack.
     *
     * @param string $language
     * @param bool $there Whether there is one.
     * @param bool $dry
     * @param rows $rows
     */
    private function download(string $language, bool $there, bool $dry, rows $rows): void {
        if ($there) {
            return;
        }
        if (!$dry) {
            \core_php_time_limit::raise();
            try {
                $installed = (new \tool_langimport\controller())->install_languagepacks([$language]);
            } catch (\moodle_exception $fault) {
                throw new failure('not_there', "The language pack '$language' could not be downloaded: " . self::plain($fault->getMessage()),
                    hint: 'give a pack from a file with `--pack FILE.zip`');
            }
            if ($installed < 1) {
                throw new failure('not_there', "There is no language pack '$language' to download for this Moodle");
            }
        }
        $rows->change($language, null, 'downloaded');
    }

    /**
     * The first sentence of what core says, without tags.
     *
     * @param string $text
     * @return string
     */
    private static function plain(string $text): string {
        return strtok(trim(preg_replace('/\s+/', ' ', strip_tags($text))), '.');
    }

    /**
     * What is in the file.
     *
     * @param string $file
     * @param string $language
     * @return string A directory.
     */
    private function unpacked(string $file, string $language): string {
        $directory = make_request_directory();
        if (!is_readable($file) || !get_file_packer('application/zip')->extract_to_pathname($file, $directory)) {
            throw new failure('bad_pack', 'The file is no zip that can be read');
        }
        if (!is_file("$directory/$language/langconfig.php")) {
            throw new failure('bad_pack', "The file is no pack of the language '$language': it has no $language/langconfig.php");
        }
        return "$directory/$language";
    }

    /**
     * A digest of the names and contents of all files in a directory.
     *
     * @param string $directory
     * @return string
     */
    private static function digest(string $directory): string {
        $all = [];
        foreach (get_directory_list($directory) as $file) {
            $all[] = $file . "\0" . hash_file('sha256', "$directory/$file");
        }
        sort($all, SORT_STRING);
        return hash('sha256', implode("\n", $all));
    }

    /**
     * Copies a directory.
     *
     * @param string $from
     * @param string $to
     */
    private static function copy(string $from, string $to): void {
        global $CFG;
        foreach (get_directory_list($from) as $file) {
            $target = "$to/$file";
            check_dir_exists(dirname($target));
            if (!copy("$from/$file", $target)) {
                throw new failure('not_written', "The directory of language packs cannot be written to: $CFG->langotherroot");
            }
        }
    }
};
