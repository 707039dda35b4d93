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
 * Keeps what Moodle prints from being taken for a frame.
 *
 * A course may be named with any byte, and Moodle prints such names: whoever may name something could write frames. The
 * mark of a frame is taken out of all that is printed, in both ways that there are, echo and the constant STDOUT.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class log_text extends \php_user_filter {

    /** @var string The name of the filter on STDOUT. */
    private const FILTER = 'provost.log_text';

    /** @var int How much of the end of the text is kept, in bytes. */
    private const KEPT = 4 << 10;

    /** @var string The end of the text. */
    private static string $end = '';

    /** @var int The level of output buffering that is ours. */
    private static int $level = 0;

    /**
     * Begins to watch what is printed.
     */
    public static function watch(): void {
        stream_filter_register(self::FILTER, self::class);
        stream_filter_append(STDOUT, self::FILTER, STREAM_FILTER_WRITE);
        self::watch_echo();
    }

    /**
     * Lets out what was printed and held back, and watches on if somebody ended the watch.
     */
    public static function flush(): void {
        while (ob_get_level() > self::$level && @ob_end_flush()) {
            continue;
        }
        if (ob_get_level() < self::$level) {
            self::watch_echo();
        }
    }

    /**
     * The end of what was printed since this was last asked. It is often all that Moodle says before it gives up.
     *
     * @return string|null Null if there is nothing.
     */
    public static function end(): ?string {
        $end = trim(self::$end);
        self::$end = '';
        return $end === '' ? null : $end;
    }

    #[\Override]
    public function filter($in, $out, &$consumed, bool $closing): int {
        while ($bucket = stream_bucket_make_writeable($in)) {
            $consumed += $bucket->datalen;
            $bucket->data = self::without_mark($bucket->data);
            stream_bucket_append($out, $bucket);
        }
        return PSFS_PASS_ON;
    }

    /**
     * Watches echo; nothing is held back, for a chunk is one byte.
     */
    private static function watch_echo(): void {
        ob_start(fn(string $text) => self::without_mark($text), 1);
        self::$level = ob_get_level();
    }

    /**
     * Takes the mark of a frame out of a text, whose length stays, and keeps the end of it.
     *
     * @param string $text
     * @return string
     */
    private static function without_mark(string $text): string {
        $text = str_replace("\x1e", '?', $text);
        self::$end = substr(self::$end . $text, -self::KEPT);
        return $text;
    }
}
