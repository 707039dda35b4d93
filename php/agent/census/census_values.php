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
 * Writes values in words that both platforms know.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_values {

    /** @var string[] What the criteria of badges are about, by the numbers of their kinds: activities, who gives them, courses, badges. */
    private const CRITERIA = [1 => 'course_modules', 2 => 'role', 4 => 'course', 7 => 'badge', 9 => 'competency'];

    /** @var census_links */
    private readonly census_links $links;

    /**
     * Makes a writer.
     *
     * @param census_names $names
     */
    public function __construct(private readonly census_names $names) {
        $this->links = new census_links($names);
    }

    /**
     * A value of a column that nothing is said about.
     *
     * @param mixed $value
     * @param \database_column_info|null $column
     * @return string|null
     */
    public function plain($value, ?\database_column_info $column): ?string {
        if ($value === null) {
            return null;
        }
        $type = $column->meta_type ?? 'X';
        if ($type === 'N' || $type === 'F') {
            return sprintf('%.12G', (float) $value);
        }
        return in_array($type, ['C', 'X']) ? $this->text((string) $value) : (string) $value;
    }

    /**
     * A text, as core's backup writes it: without control characters, with the line ends of Unix. Addresses that core translates have
     * names in place of numbers.
     *
     * @param string $text
     * @return string
     */
    public function text(string $text): string {
        $text = preg_replace('/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/', '', $text);
        $text = preg_replace("/\r\n|\r/", "\n", $text);
        return $this->links->write($text);
    }

    /**
     * The number of a section; of those that belong to an activity core makes it anew.
     *
     * @param mixed $value
     * @param \stdClass $row
     * @return string
     */
    public function section_number($value, \stdClass $row): string {
        return empty($row->component) ? (string) $value : census_names::NOTHING;
    }

    /**
     * The activity that a section belongs to.
     *
     * @param mixed $value
     * @param \stdClass $row
     * @return string
     */
    public function section_owner($value, \stdClass $row): string {
        $component = (string) ($row->component ?? '');
        $set = preg_replace('/^mod_/', '', $component);
        return $component === '' ? census_names::NOTHING : "$component " . $this->names->of($set, $value);
    }

    /**
     * The font of exported PDFs. None is the site's default, which a restore writes down.
     *
     * @param string|null $value
     * @return string
     */
    public function font($value): string {
        $default = get_config('moodlecourse', 'pdfexportfont');
        return empty($value) || $value === $default ? census_names::NOTHING : $value;
    }

    /**
     * A penalty, as core's restore mends it.
     *
     * @param mixed $value
     * @return string
     */
    public function penalty($value): string {
        $value = (float) $value;
        return match (true) {
            $value >= 0.33 && $value <= 0.34 => '0.3333333',
            $value >= 0.66 && $value <= 0.67 => '0.6666667',
            default => sprintf('%.12G', min($value, 1)),
        };
    }

    /**
     * The name or the value of a parameter of a badge's criterion. Both may hold the number of an activity, of a role, of a competency or
     * of the course.
     *
     * @param string|null $value
     * @param \stdClass $row
     * @return string
     */
    public function badge_parameter($value, \stdClass $row): string {
        $set = self::CRITERIA[$row->kind] ?? null;
        [$word, $id] = explode('_', $row->name, 2) + ['', ''];
        if ($set === null || !is_numeric($id)) {
            return (string) $value;
        }
        $name = $this->names->of($set, $id);
        return $value === $row->name ? "{$word}_$name" : ($value === $id ? $name : (string) $value);
    }

    /**
     * What an alias refers to. Inside a site that is a file, by its place.
     *
     * @param string|null $value
     * @param \stdClass $row
     * @param census_recipe $recipe
     * @return string
     */
    public function reference($value, \stdClass $row, census_recipe $recipe): string {
        try {
            $file = (string) $value === '' ? null : get_file_storage()::unpack_reference($value);
        } catch (\Throwable $ignored) {
            return $this->text((string) $value);
        }
        if (!isset($file['contextid'], $file['component'], $file['filearea'])) {
            return $file === null ? census_names::NOTHING : $this->text((string) $value);
        }
        $set = $recipe->choose['itemid']['sets']["{$file['component']}/{$file['filearea']}"] ?? null;
        $item = match ($set) {
            null => (string) $file['itemid'],
            'revision' => census_names::NOTHING,
            default => $this->names->of($set, $file['itemid']),
        };
        return implode(' / ', [$this->names->of('context', $file['contextid']), $file['component'], $file['filearea'], $item,
            $file['filepath'] . $file['filename']]);
    }

    /**
     * The name of what an attempt at a question keeps. Questions of ordering put their own number into it.
     *
     * @param string|null $value
     * @param \stdClass $row
     * @return string
     */
    public function step_name($value, \stdClass $row): string {
        if ($row->qtype === 'ordering' && preg_match('/^response_(\d+)$/', (string) $value, $found)) {
            return 'response_{' . $this->names->of('question', $found[1]) . '}';
        }
        return (string) $value;
    }

    /**
     * What an attempt at a question keeps. Orders are lists of numbers, of answers or of parts of a question.
     *
     * @param string|null $value
     * @param \stdClass $row
     * @return string|null
     */
    public function step_value($value, \stdClass $row): ?string {
        $name = preg_replace('/^_sub\d+_/', '_', (string) $row->name);
        $set = match (true) {
            in_array($row->qtype, ['multichoice', 'calculatedmulti', 'multianswer']) && $name === '_order' => 'question_answers',
            $row->qtype === 'ordering' && in_array($name, ['_currentresponse', '_correctresponse']) => 'question_answers',
            in_array($row->qtype, ['match', 'multianswer']) && in_array($name, ['_stemorder', '_choiceorder'])
                => 'qtype_match_subquestions',
            default => null,
        };
        if ($set !== null) {
            return implode(', ', array_map(fn($id) => $this->names->of($set, $id), explode(',', (string) $value)));
        }
        // Of questions of other types it is not known what such numbers are of.
        return str_ends_with($name, 'order') ? census_names::NOTHING : ($value === null ? null : $this->text($value));
    }

    /**
     * The configuration of a tool.
     *
     * @param string|null $value
     * @param \stdClass $row
     * @return string
     */
    public function tool_setting($value, \stdClass $row): string {
        // A secret that every site makes for itself.
        return $row->name === 'servicesalt' ? census_names::NOTHING : $this->text((string) $value);
    }

    /**
     * A list of activities, as sections have it.
     *
     * @param string|null $value
     * @return string
     */
    public function sequence($value): string {
        $names = array_map(fn($id) => $this->names->inside('course_modules', (int) $id), explode(',', (string) $value));
        return implode(', ', array_filter($names));
    }

    /**
     * A grade: points, or a scale with a minus before its number.
     *
     * @param mixed $value
     * @return string
     */
    public function grade($value): string {
        return $value < 0 ? 'scale ' . $this->names->of('scale', -$value) : sprintf('%.12G', (float) $value);
    }

    /**
     * The formula of a grade.
     *
     * @param string|null $value
     * @return string
     */
    public function formula($value): string {
        return preg_replace_callback('/##gi(\d+)##/', fn($found) => '{' . $this->names->of('grade_items', $found[1]) . '}',
            (string) $value);
    }

    /**
     * A list of pages and slots of an attempt.
     *
     * @param string|null $value
     * @return string
     */
    public function layout($value): string {
        return trim((string) $value, ',');
    }

    /**
     * Conditions of availability.
     *
     * @param string|null $value
     * @return string
     */
    public function availability($value): string {
        $tree = json_decode((string) $value, true);
        return is_array($tree) ? $this->json($this->conditions($tree)) : census_names::NOTHING;
    }

    /**
     * Names in place of numbers, all the way down.
     *
     * @param array $node
     * @return array
     */
    private function conditions(array $node): array {
        $sets = ['completion' => ['cm', 'course_modules'], 'grade' => ['id', 'grade_items'],
            'group' => ['id', 'groups'], 'grouping' => ['id', 'groupings']];
        [$key, $set] = $sets[$node['type'] ?? ''] ?? [null, null];
        if ($key !== null && !empty($node[$key])) {
            $node[$key] = $this->names->of($set, $node[$key]);
        }
        if (isset($node['c'])) {
            $node['c'] = array_map($this->conditions(...), $node['c']);
        }
        return $node;
    }

    /**
     * The settings of a block.
     *
     * @param string|null $value
     * @return string
     */
    public function block($value): string {
        if ((string) $value === '') {
            return census_names::NOTHING;
        }
        $config = unserialize_object(base64_decode($value));
        $config = json_decode(json_encode($config), true) ?: [];
        foreach (['glossary' => 'glossary', 'activityparentid' => null] as $key => $set) {
            if (isset($config[$key])) {
                $set ??= $config['activityparent'] ?? 'course_modules';
                $config[$key] = $this->names->of($set, $config[$key]);
            }
        }
        if (isset($config['rssid'])) {
            $config['rssid'] = $this->feeds((array) $config['rssid']);
        }
        array_walk_recursive($config, function(&$each) {
            $each = is_string($each) ? $this->text($each) : (string) $each;
        });
        return $this->json($config);
    }

    /**
     * The feeds of a block, by their addresses and by the titles that the block gives them.
     *
     * @param array $ids
     * @return string[]
     */
    private function feeds(array $ids): array {
        global $DB;
        $feeds = $ids && $DB->get_manager()->table_exists('block_rss_client')
            ? $DB->get_records_list('block_rss_client', 'id', array_filter($ids, is_numeric(...)), '', 'id, url, preferredtitle') : [];
        $feeds = array_map(fn($id) => isset($feeds[$id]) ? trim("{$feeds[$id]->url} {$feeds[$id]->preferredtitle}") : '(lost)', $ids);
        sort($feeds, SORT_STRING);
        return $feeds;
    }

    /**
     * Which questions a slot draws from, in the form of Moodle 4.3 and later: a restore writes the older one anew.
     *
     * @param string|null $value
     * @return string
     */
    public function filter($value): string {
        $filter = json_decode((string) $value, true);
        if (!is_array($filter)) {
            return (string) $value;
        }
        $filter = isset($filter['filter']) ? $filter : self::new_filter($filter);
        foreach (['category' => 'question_categories', 'qtagids' => 'tag'] as $part => $set) {
            $ids = $filter['filter'][$part]['values'] ?? null;
            if (is_array($ids)) {
                $filter['filter'][$part]['values'] = array_map(fn($id) => is_numeric($id) ? $this->names->of($set, $id) : $id, $ids);
            }
        }
        foreach (['cat', 'cmid', 'courseid', 'questioncategoryid', 'includingsubcategories', 'tabname', 'qpage', 'qperpage'] as $key) {
            unset($filter[$key]);
        }
        return $this->json($filter);
    }

    /**
     * A filter of a Moodle before 4.3 in the later form, as core converts it. Tags have their names there.
     *
     * @param array $filter
     * @return array
     */
    private static function new_filter(array $filter): array {
        $parts = [];
        if (isset($filter['questioncategoryid'])) {
            $parts['category'] = ['jointype' => 1, 'values' => [$filter['questioncategoryid']],
                'filteroptions' => ['includesubcategories' => $filter['includingsubcategories'] ?? null]];
        }
        if (isset($filter['tags'])) {
            $tags = array_map(fn($tag) => 'site: ' . \core_text::strtolower(explode(',', $tag)[1] ?? ''), $filter['tags']);
            $parts['qtagids'] = ['jointype' => 2, 'values' => array_values($tags)];
        }
        unset($filter['tags']);
        return ['filter' => $parts, 'jointype' => 2] + $filter;
    }

    /**
     * JSON whose keys are sorted.
     *
     * @param array $value
     * @return string
     */
    private function json(array $value): string {
        return json_encode(self::sorted($value), JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR);
    }

    /**
     * An array whose keys are sorted, all the way down.
     *
     * @param array $value
     * @return array
     */
    private static function sorted(array $value): array {
        if (!array_is_list($value)) {
            ksort($value);
        }
        return array_map(fn($each) => is_array($each) ? self::sorted($each) : $each, $value);
    }
}
