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
 * A logger of core's backup that keeps what is a warning or worse.
 *
 * Loaded after core's backup classes.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class notes extends \base_logger {

    /** @var int How many are kept. */
    private const MOST = 200;

    /** @var string[] What was said. */
    private static array $lines = [];

    /** @var int How many files were not in the backup. */
    private static int $missing = 0;

    /**
     * Begins anew, and returns a logger for a controller. Core writes controllers down and reads them back, loggers with them: what was
     * said is kept beside them.
     *
     * @return self
     */
    public static function begin(): self {
        [self::$lines, self::$missing] = [[], 0];
        return new self(\backup::LOG_WARNING);
    }

    /**
     * What was said.
     *
     * @return string[]
     */
    public static function lines(): array {
        return self::$lines;
    }

    /**
     * How many files core did not find.
     *
     * @return int
     */
    public static function missing(): int {
        return self::$missing;
    }

    #[\Override]
    protected function action($message, $level, $options = null) {
        if (str_starts_with($message, 'Missing file in backup') || str_starts_with($message, 'missing file (')) {
            self::$missing++;
        }
        if (count(self::$lines) < self::MOST) {
            self::$lines[] = \core_text::substr(trim($message), 0, 500);
        }
        return true;
    }
}
