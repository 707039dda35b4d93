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
 * Takes a language pack away, as the page of language packs does. Strings that were changed stay, for the case that it comes back.
 *
 * Parameters: language (its code), dry (whether nothing is changed). Answer: see rows.php. One that is not there is no change.
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
        global $CFG, $DB;
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../languages.php');
        $language = languages::code($params['language'] ?? null);
        $all = get_string_manager()->get_list_of_translations(true);
        $rows = new rows(['language', 'was', 'is']);
        if (!isset($all[$language])) {
            return $rows->answer();
        }
        if ($language === 'en' || $language === $CFG->lang) {
            throw new failure('refused', "'$language' is " . ($language === 'en' ? "part of Moodle's code" : "the site's language"));
        }
        foreach (array_keys($all) as $other) {
            if ($other !== $language && in_array($language, get_string_manager()->get_language_dependencies($other), true)) {
                throw new failure('refused', "'$other' builds on '$language'");
            }
        }
        $people = $DB->count_records('user', ['lang' => $language, 'deleted' => 0]);
        $rows->change($language, $people ? "there, and the language of $people account(s)" : 'there', 'gone');
        if (!empty($params['dry'])) {
            return $rows->answer();
        }
        (new \tool_langimport\controller())->uninstall_language($language);
        get_string_manager()->reset_caches();
        $task->effect("language $language is gone");
        if (isset(get_string_manager()->get_list_of_translations(true)[$language])) {
            throw new failure('read_back', "The language '$language' was taken away, and is there still");
        }
        return $rows->answer();
    }
};
