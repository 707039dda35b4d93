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

/**
 * Language packs of a site, and the strings that were changed in them.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class languages {

    /**
     * A code of a language that is installed.
     *
     * @param mixed $language
     * @return string
     * @throws failure If it is not.
     */
    public static function installed(mixed $language): string {
        if (!is_string($language) || !isset(get_string_manager()->get_list_of_translations(true)[$language])) {
            throw new failure('no_such', "There is no language '$language' at this site",
                hint: '`provost languages list` shows those that there are; `provost languages add` brings another one');
        }
        return $language;
    }

    /**
     * A code that could be a language's.
     *
     * @param mixed $language
     * @return string
     * @throws failure If it could not.
     */
    public static function code(mixed $language): string {
        if (!is_string($language) || preg_match('/^[a-z]{2,3}(_[a-z0-9]+)*$/D', $language) !== 1 || str_ends_with($language, '_local')) {
            throw new failure('bad_request', "'$language' is no code of a language");
        }
        return $language;
    }

    /**
     * The strings of a language that were changed, as the site has them.
     *
     * @param string $language
     * @return string[][] Texts by component and string.
     */
    public static function changed(string $language): array {
        global $CFG;
        require_once("$CFG->dirroot/$CFG->admin/tool/customlang/locallib.php");
        $changed = [];
        foreach (glob("$CFG->langlocalroot/{$language}_local/*.php") ?: [] as $file) {
            // What core writes there, and includes itself.
            $texts = (static function (string $file): array {
                $string = [];
                include($file);
                return $string;
            })($file);
            $name = basename($file, '.php');
            foreach ($texts as $id => $text) {
                $changed[self::components()[$name] ?? $name][$id] = $text;
            }
        }
        ksort($changed);
        return $changed;
    }

    /**
     * All components, by the names of their files of strings.
     *
     * @return string[]
     */
    private static function components(): array {
        static $components = null;
        return $components ??= \tool_customlang_utils::list_components();
    }

    /**
     * Changes strings, or takes changes away, as the page of customisations does: all are read, some changed, and all written.
     *
     * @param string $language
     * @param array $strings Texts by component and string; null takes a change away.
     */
    public static function change(string $language, array $strings): void {
        global $CFG, $DB;
        require_once("$CFG->dirroot/$CFG->admin/tool/customlang/locallib.php");
        \core_php_time_limit::raise();
        raise_memory_limit(MEMORY_EXTRA);
        \tool_customlang_utils::checkout($language);
        $components = $DB->get_records_menu('tool_customlang_components', null, '', 'name, id');
        foreach ($strings as $component => $texts) {
            foreach ($texts as $id => $text) {
                $place = ['lang' => $language, 'componentid' => $components[$component] ?? 0, 'stringid' => $id];
                $record = $DB->get_record('tool_customlang', $place, 'id', MUST_EXIST);
                $DB->update_record('tool_customlang', (object) ['id' => $record->id, 'local' => $text, 'modified' => 1, 'outdated' => 0,
                    'timecustomized' => $text === null ? null : time()]);
            }
        }
        \tool_customlang_utils::checkin($language);
    }

    /**
     * Changes strings, as far as they are to be others, and reads them back.
     *
     * @param string $language
     * @param array[] $strings Of each: component, string, and text or null.
     * @param bool $strict Whether a string that there is not is a fault; else it is told, and left out.
     * @param bool $dry
     * @param task $task
     * @return array See rows.php.
     */
    public static function bring(string $language, array $strings, bool $strict, bool $dry, task $task): array {
        $changed = self::changed($language);
        $rows = new rows(['component', 'string', 'was', 'is']);
        $work = [];
        foreach ($strings as [$component, $id, $text]) {
            $component = $component === 'moodle' ? 'core' : $component;
            $was = $changed[$component][$id] ?? null;
            if (!self::is_string($component, $id)) {
                if ($strict) {
                    throw new failure('no_such', "There is no string '$id' in '$component'");
                }
                $rows->add($component, $id, null, 'left out: this site has no such string');
            } else if ($was !== $text) {
                $rows->change($component, $id, $was, $text);
                $work[$component][$id] = $text;
            }
        }
        if (!$work || $dry) {
            return $rows->answer();
        }
        self::change($language, $work);
        $task->effect("strings of $language");
        $now = self::changed($language);
        foreach ($work as $component => $texts) {
            foreach ($texts as $id => $text) {
                if (($now[$component][$id] ?? null) !== $text) {
                    throw new failure('read_back', "The string '$id' of '$component' is not as it was to be");
                }
            }
        }
        return $rows->answer();
    }

    /**
     * The strings of a file that Moodle's page of customisations exported: a zip, or one PHP file. Nothing of it is run.
     *
     * @param string $file
     * @param string $name What it is called: a PHP file has the name of its component.
     * @return array[] See bring().
     */
    public static function of_file(string $file, string $name): array {
        global $CFG;
        require_once("$CFG->dirroot/$CFG->admin/tool/customlang/locallib.php");
        $files = [$name => $file];
        if (!str_ends_with($name, '.php')) {
            $directory = make_request_directory();
            $unpacked = get_file_packer('application/zip')->extract_to_pathname($file, $directory) ?: [];
            $names = array_filter(array_keys($unpacked), fn(string $name): bool => str_ends_with($name, '.php'));
            $files = array_combine(array_map('basename', $names), array_map(fn(string $name): string => "$directory/$name", $names));
        }
        $strings = [];
        foreach ($files as $called => $path) {
            $short = basename($called, '.php');
            foreach (\tool_customlang\local\mlang\phpparser::get_instance()->parse((string) file_get_contents($path)) as $one) {
                $strings[] = [self::components()[$short] ?? $short, $one->id, $one->text];
            }
        }
        if (!$strings) {
            throw new failure('bad_pack', 'No strings are in the file: a zip or PHP file is meant that the page of customisations exported');
        }
        return $strings;
    }

    /**
     * Whether there is such a string at all.
     *
     * @param string $component
     * @param string $id
     * @return bool
     */
    public static function is_string(string $component, string $id): bool {
        return isset(get_string_manager()->load_component_strings($component, 'en', true, true)[$id]);
    }
}
