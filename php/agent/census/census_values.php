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

    /** @var string[] Parameters of addresses that core's backup translates, by the script they are of. */
    private const LINKS = [
        '/course/view.php' => ['id' => 'course'],
        '/grade/report/index.php' => ['id' => 'course'],
        '/user/index.php' => ['id' => 'course'],
        '/mod/forum/discuss.php' => ['d' => 'forum_discussions'],
        '/mod/glossary/showentry.php' => ['eid' => 'glossary_entries'],
    ];

    /** @var string How addresses of this site begin, as a pattern. */
    private readonly string $address;

    /**
     * Makes a writer.
     *
     * @param census_names $names
     */
    public function __construct(private readonly census_names $names) {
        global $CFG;
        $this->address = '~' . preg_quote($CFG->wwwroot, '~') . '(/[\w/]+\.php)\?(\w+)=(\d+)~';
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
        global $CFG;
        $text = preg_replace('/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/', '', $text);
        $text = preg_replace("/\r\n|\r/", "\n", $text);
        return str_contains($text, $CFG->wwwroot) ? preg_replace_callback($this->address, $this->link(...), $text) : $text;
    }

    /**
     * An address of this site. What leads out of the course stays as it is, at both ends.
     *
     * @param string[] $found
     * @return string
     */
    private function link(array $found): string {
        [$whole, $script, $parameter, $id] = $found;
        $set = self::LINKS[$script][$parameter] ?? null;
        if ($set === null && $parameter === 'id' && preg_match('~^/mod/\w+/(index|view)\.php$~', $script, $kind)) {
            $set = $kind[1] === 'index' ? 'course' : 'course_modules';
        }
        $name = $set === null ? null : $this->names->inside($set, (int) $id);
        return $name === null ? $whole : "{site}$script?$parameter={{$name}}";
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
        array_walk_recursive($config, function(&$each) {
            $each = is_string($each) ? $this->text($each) : (string) $each;
        });
        return $this->json($config);
    }

    /**
     * Which questions a slot draws from.
     *
     * @param string|null $value
     * @return string
     */
    public function filter($value): string {
        $filter = json_decode((string) $value, true);
        if (!is_array($filter)) {
            return (string) $value;
        }
        $ids = $filter['filter']['category']['values'] ?? null;
        if (is_array($ids)) {
            $filter['filter']['category']['values'] = array_map(fn($id) => $this->names->of('question_categories', $id), $ids);
        }
        foreach (['cat', 'cmid', 'courseid', 'questioncategoryid', 'tabname', 'qpage', 'qperpage'] as $key) {
            unset($filter[$key]);
        }
        return $this->json($filter);
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
