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
 * Writes addresses of this site with names in place of the numbers that core's backup translates.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_links {

    /** @var array What core's backup translates of addresses: by script the parameters that follow each other, with what they are of. */
    private const LINKS = [
        '/course/view.php' => ['id:course'],
        '/course/section.php' => ['id:course_sections'],
        '/grade/index.php' => ['id:course'],
        '/grade/report/index.php' => ['id:course'],
        '/badges/index.php' => ['type: id:course'],
        '/badges/view.php' => ['type: id:course'],
        '/user/index.php' => ['id:course'],
        '/mod/book/view.php' => ['b:book', 'id:course_modules chapterid:book_chapters', 'b:book chapterid:book_chapters'],
        '/mod/data/edit.php' => ['id:course_modules', 'd:data'],
        '/mod/data/view.php' => ['d:data', 'd:data rid:data_records'],
        '/mod/feedback/analysis.php' => ['id:course_modules'],
        '/mod/feedback/show_entries.php' => ['id:course_modules'],
        '/mod/forum/discuss.php' => ['d:forum_discussions', 'd:forum_discussions parent:forum_posts', 'd:forum_discussions #:forum_posts'],
        '/mod/forum/view.php' => ['f:forum'],
        '/mod/glossary/showentry.php' => ['courseid:course eid:glossary_entries'],
        '/mod/lesson/edit.php' => ['id:course_modules'],
        '/mod/lesson/editpage.php' => ['id:course_modules pageid:lesson_pages'],
        '/mod/lesson/essay.php' => ['id:course_modules'],
        '/mod/lesson/mediafile.php' => ['id:course_modules'],
        '/mod/lesson/report.php' => ['id:course_modules'],
        '/mod/lesson/view.php' => ['id:course_modules pageid:lesson_pages'],
        '/mod/quiz/view.php' => ['q:quiz'],
        '/mod/wiki/view.php' => ['pageid:wiki_pages'],
    ];

    /** @var string[] The set that the parameter "id" of every activity's scripts is of. */
    private const SCRIPTS = ['index' => 'course', 'view' => 'course_modules'];

    /** @var string The address of this site without what it begins with: core translates some links of http and of https. */
    private readonly string $site;

    /** @var string[] Patterns of addresses: of this site, and of this site inside another address. */
    private readonly array $addresses;

    /** @var bool[] Which addresses are translated, by addresses without their numbers. */
    private array $translated = [];

    /**
     * Makes a writer.
     *
     * @param census_names $names
     */
    public function __construct(private readonly census_names $names) {
        global $CFG;
        $this->site = preg_replace('~^https?~', '', $CFG->wwwroot);
        $this->addresses = [
            '~https?' . preg_quote($this->site, '~') . '(/[\w/]+\.php)(/\d+|\?\w+=\d+(?:&(?:amp;)?\w+=\d+)*(?:#\d+)?)~',
            '~https?' . preg_quote(urlencode($this->site), '~') . '(?:%2F|%3F|%3D|%26|[\w.])+~',
        ];
    }

    /**
     * Every address in a text.
     *
     * @param string $text
     * @return string
     */
    public function write(string $text): string {
        if (str_contains($text, $this->site)) {
            $text = preg_replace_callback($this->addresses[0], $this->link(...), $text);
        }
        return str_contains($text, urlencode($this->site)) ? preg_replace_callback($this->addresses[1], $this->encoded_link(...), $text)
            : $text;
    }

    /**
     * An address of this site. What leads out of the course stays as it is, at both ends.
     *
     * @param string[] $found
     * @return string
     */
    private function link(array $found): string {
        [$whole, $script, $rest] = $found;
        if ($rest[0] === '/') {
            $context = $script === '/pluginfile.php' ? $this->names->inside('context', (int) substr($rest, 1)) : null;
            return $context === null || !$this->is_translated($script, $whole) ? $whole : "{site}$script/{{$context}}";
        }
        $parts = [];
        preg_match_all('~(\w+)=(\d+)|(#)(\d+)~', $rest, $parts, PREG_SET_ORDER);
        $parts = array_map(fn($part) => array_slice(array_values(array_filter($part, fn($text) => $text !== '')), 1), $parts);
        $pattern = self::pattern($script, array_column($parts, 0));
        $written = '';
        foreach ($parts as $at => [$parameter, $id]) {
            $name = empty($pattern[$at]) ? $id : $this->names->inside($pattern[$at], (int) $id);
            if ($name === null) {
                return $whole;
            }
            $written .= ($parameter === '#' ? '#' : ($at ? '&' : '?') . "$parameter=") . (empty($pattern[$at]) ? $id : "{{$name}}");
        }
        if ($pattern === [] || !$this->is_translated($script, $whole)) {
            return $whole;
        }
        // The older name of a script, for which core writes the newer one.
        return '{site}' . str_replace('/badges/view.php', '/badges/index.php', $script) . $written;
    }

    /**
     * An address inside another one. Of these core translates those of databases and of files.
     *
     * @param string[] $found
     * @return string
     */
    private function encoded_link(array $found): string {
        $address = urldecode($found[0]);
        $script = preg_match('~/[a-z]+/[a-z]+/\w+\.php|/pluginfile\.php~', $address, $match) ? $match[0] : '';
        if ($script === '' || !$this->is_translated($script, $found[0])) {
            return $found[0];
        }
        $written = preg_replace_callback($this->addresses[0], $this->link(...), $address);
        return $written === $address ? $found[0] : "{encoded}$written";
    }

    /**
     * Whether the backup of this Moodle translates an address. That is asked of core: not every Moodle knows of all.
     *
     * @param string $script
     * @param string $address
     * @return bool
     */
    private function is_translated(string $script, string $address): bool {
        global $CFG;
        $kind = preg_replace('/\d+/', '0', strtok($address, '#') . ' ' . $script);
        if (!isset($this->translated[$kind])) {
            require_once($CFG->dirroot . '/backup/util/includes/backup_includes.php');
            require_once($CFG->dirroot . '/backup/moodle2/backup_plan_builder.class.php');
            $class = preg_match('~^/mod/(\w+)/~', $script, $found) ? "backup_{$found[1]}_activity_task" : 'backup_course_task';
            $this->translated[$kind] = class_exists($class) && $class::encode_content_links($address) !== $address;
        }
        return $this->translated[$kind];
    }

    /**
     * The sets that the parameters of an address are of: as core does it, by the longest sequence that the address begins with.
     *
     * @param string $script
     * @param string[] $parameters
     * @return string[] By place; empty where core translates nothing.
     */
    private static function pattern(string $script, array $parameters): array {
        $patterns = self::LINKS[$script] ?? [];
        if (preg_match('~^/mod/\w+/(index|view)\.php$~', $script, $kind)) {
            $patterns[] = 'id:' . self::SCRIPTS[$kind[1]];
        }
        $longest = [];
        foreach ($patterns as $pattern) {
            $pairs = array_map(fn($pair) => explode(':', $pair), explode(' ', $pattern));
            $fits = array_column($pairs, 0) === array_slice($parameters, 0, count($pairs));
            $longest = $fits && count($pairs) > count($longest) ? array_column($pairs, 1) : $longest;
        }
        return $longest;
    }
}
