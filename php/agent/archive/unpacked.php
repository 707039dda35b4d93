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
 * An unpacked backup of Moodle 2 and later, as far as we read and change it. Its files may be large and come from elsewhere: they are
 * read block by block, and nothing in them is trusted to be whole.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class unpacked {

    /** @var string How core's writer says null. */
    private const NOTHING = '$@NULL@$';

    /** @var int The longest block: one user with all that hangs on it, one file's row. In bytes. */
    private const LONGEST = 16 << 20;

    /** @var int How much is read at once, in bytes. */
    private const CHUNK = 1 << 20;

    /** @var \SimpleXMLElement The main file's information. */
    public readonly \SimpleXMLElement $information;

    /**
     * Opens one.
     *
     * @param string $path
     */
    public function __construct(public readonly string $path) {
        $text = @file_get_contents("$path/moodle_backup.xml");
        $xml = $text === false ? false : @simplexml_load_string($text, \SimpleXMLElement::class, LIBXML_NONET);
        if ($xml === false || !isset($xml->information->details->detail)) {
            throw new failure('bad_backup', "'$path' is no unpacked backup of Moodle");
        }
        $this->information = $xml->information;
    }

    /**
     * One value of the main file.
     *
     * @param string $name
     * @return string
     */
    public function get(string $name): string {
        return self::set((string) $this->information->$name);
    }

    /**
     * Core's id of the backup.
     *
     * @return string
     */
    public function id(): string {
        return (string) $this->information->details->detail['backup_id'];
    }

    /**
     * The settings of one level, by name.
     *
     * @param string $level "root", "section" or "activity".
     * @return string[]
     */
    public function settings(string $level): array {
        $settings = [];
        foreach ($this->information->settings->setting ?? [] as $setting) {
            if ((string) $setting->level === $level) {
                $settings[(string) $setting->name] = self::set((string) $setting->value);
            }
        }
        return $settings;
    }

    /**
     * The activities in it.
     *
     * @return array[] Course module id => [module's name, title, directory].
     */
    public function activities(): array {
        $activities = [];
        foreach ($this->information->contents->activities->activity ?? [] as $one) {
            $activities[(int) $one->moduleid] =
                [(string) $one->modulename, (string) $one->title, (string) $one->directory];
        }
        return $activities;
    }

    /**
     * The rows of files.xml that are files with contents of their own.
     *
     * @return \Generator Of [SHA-1, bytes, a name for people].
     */
    public function files(): \Generator {
        foreach ($this->blocks('files.xml', 'file') as $block) {
            $name = self::value($block, 'filename');
            if ($name === '.' || self::value($block, 'repositoryid') !== '') {
                continue;
            }
            $sha1 = self::value($block, 'contenthash');
            if (!preg_match('/^[0-9a-f]{40}$/D', $sha1)) {
                throw new failure('bad_backup', "A file of the backup has no SHA-1: $name");
            }
            yield [$sha1, (int) self::value($block, 'filesize'),
                self::value($block, 'component') . ' ' . self::value($block, 'filepath') . $name];
        }
    }

    /**
     * The blocks of one element, directly below the root of a file.
     *
     * @param string $file
     * @param string $element
     * @return \Generator Of strings, each with its tags.
     */
    public function blocks(string $file, string $element): \Generator {
        foreach ($this->pieces($file, $element) as [$isblock, $text]) {
            if ($isblock) {
                yield $text;
            }
        }
    }

    /**
     * Writes a file anew, with each block of an element changed.
     *
     * @param string $from
     * @param string $to May be the same.
     * @param string $element
     * @param callable $change Is given a block, and returns it.
     */
    public function rewrite(string $from, string $to, string $element, callable $change): void {
        places::replace("$this->path/$to", function ($out) use ($from, $element, $change, $to): void {
            foreach ($this->pieces($from, $element) as [$isblock, $text]) {
                $text = $isblock ? $change($text) : $text;
                places::must(fwrite($out, $text) === strlen($text), "Cannot write $to");
            }
        });
    }

    /**
     * The first value of a name in a block; empty where there is none.
     *
     * @param string $block
     * @param string $name
     * @return string
     */
    public static function value(string $block, string $name): string {
        return preg_match("~<$name>(.*?)</$name>~s", $block, $found) ? self::text($found[1]) : '';
    }

    /**
     * A block with the first value of a name replaced. A name that is not there is not added.
     *
     * @param string $block
     * @param string $name
     * @param string|null $value
     * @return string
     */
    public static function with(string $block, string $name, ?string $value): string {
        $text = $value === null ? self::NOTHING : htmlspecialchars($value, ENT_COMPAT | ENT_XML1);
        return preg_replace_callback("~<$name>.*?</$name>|<$name/>~s", fn(): string => "<$name>$text</$name>", $block, 1);
    }

    /**
     * A file in pieces: blocks of an element, and what is between them.
     *
     * @param string $file
     * @param string $element
     * @return \Generator Of [whether it is a block, text].
     */
    private function pieces(string $file, string $element): \Generator {
        $in = @fopen("$this->path/$file", 'rb');
        if ($in === false) {
            throw new failure('bad_backup', "The backup has no $file");
        }
        [$buffer, $at] = ['', 0];
        while (true) {
            // The element's own name and no longer one: what is text in the file has its brackets escaped.
            $begins = preg_match("~<{$element}[ >]~", $buffer, $found, PREG_OFFSET_CAPTURE, $at) ? $found[0][1] : false;
            $ends = $begins === false ? false : strpos($buffer, "</$element>", $begins);
            if ($ends !== false) {
                $ends += strlen("</$element>");
                yield [false, substr($buffer, $at, $begins - $at)];
                yield [true, substr($buffer, $begins, $ends - $begins)];
                $at = $ends;
                continue;
            }
            [$buffer, $at] = [substr($buffer, $at), 0];
            if (strlen($buffer) > self::LONGEST) {
                throw new failure('bad_backup', "An element of $file is longer than anything that Moodle writes");
            }
            $chunk = fread($in, self::CHUNK);
            if ($chunk === false || $chunk === '') {
                break;
            }
            $buffer .= $chunk;
        }
        fclose($in);
        if ($begins !== false) {
            throw new failure('bad_backup', "$file of the backup ends in the middle of an element");
        }
        yield [false, $buffer];
    }

    /**
     * A value that the parser has read: core's word for null becomes empty.
     *
     * @param string $value
     * @return string
     */
    private static function set(string $value): string {
        return $value === self::NOTHING ? '' : $value;
    }

    /**
     * A text as it was before core wrote it.
     *
     * @param string $text
     * @return string
     */
    private static function text(string $text): string {
        return $text === self::NOTHING ? '' : htmlspecialchars_decode($text, ENT_QUOTES | ENT_XML1);
    }
}
