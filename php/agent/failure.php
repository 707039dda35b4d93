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
 * An error that is told to whoever asked, in the words of the protocol.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class failure extends \Exception {

    /** @var int The longest message, in bytes. */
    private const LONGEST_MESSAGE = 4 << 10;

    /** @var int The longest debug information, in bytes. */
    private const LONGEST_DEBUG = 16 << 10;

    /** @var int How many calls of a trace are told. */
    private const DEEPEST_TRACE = 30;

    /** @var string A word for programs. */
    public readonly string $kind;

    /** @var string|null More, for those who debug. */
    public readonly ?string $debug;

    /** @var string|null What to do about it. */
    public readonly ?string $hint;

    /**
     * Makes a failure.
     *
     * @param string $kind A word for programs.
     * @param string $message What happened, for a person.
     * @param string|null $debug More, for those who debug. No secret.
     * @param string|null $hint What to do about it.
     */
    public function __construct(string $kind, string $message, ?string $debug = null, ?string $hint = null) {
        parent::__construct($message);
        $this->kind = $kind;
        $this->debug = $debug;
        $this->hint = $hint;
    }

    /**
     * Describes anything that was thrown, as the "error" of a result.
     *
     * The values that a query was given stay out of it, for a password may be among them; so does the site's database
     * password, wherever it turns up.
     *
     * @param \Throwable $thrown
     * @return array
     */
    public static function describe(\Throwable $thrown): array {
        if ($thrown instanceof self) {
            [$kind, $message] = [$thrown->kind, $thrown->getMessage()];
            [$debug, $hint] = [$thrown->debug, $thrown->hint];
        } else {
            $kind = self::kind($thrown);
            $message = self::message($thrown);
            $debug = implode("\n", array_filter([self::information($thrown), self::trace($thrown)]));
            $hint = null;
        }
        return [
            'kind' => $kind,
            'message' => self::clean($message, self::LONGEST_MESSAGE),
            'debug' => $debug === null ? null : self::clean($debug, self::LONGEST_DEBUG),
            'hint' => $hint,
        ];
    }

    /**
     * Whether this says that there is no connection to the database.
     *
     * @param \Throwable $thrown
     * @return bool
     */
    public static function is_connection(\Throwable $thrown): bool {
        return $thrown instanceof \dml_connection_exception || ($thrown->errorcode ?? null) === 'dbconnectionfailed';
    }

    /**
     * The message for a person. In developer mode Moodle adds the debug information to it, which has a place of its own.
     *
     * @param \Throwable $thrown
     * @return string
     */
    private static function message(\Throwable $thrown): string {
        $message = $thrown->getMessage();
        if (!empty($thrown->debuginfo)) {
            $message = str_replace(" ($thrown->debuginfo)", '', $message);
        }
        return $message === '' ? self::kind($thrown) : $message;
    }

    /**
     * The name of the class without its namespace: Moodle has moved its exceptions into one over time.
     *
     * @param \Throwable $thrown
     * @return string
     */
    private static function kind(\Throwable $thrown): string {
        // The name of a class without a name goes on with a NUL and a path.
        return preg_replace('/^.*\\\\/', '', strtok(get_class($thrown), "\0"));
    }

    /**
     * Moodle's debug information; of a query, its text and the first line of what the database said. The lines behind it
     * quote whole rows.
     *
     * @param \Throwable $thrown
     * @return string|null
     */
    private static function information(\Throwable $thrown): ?string {
        if (!property_exists($thrown, 'params')) {
            return $thrown->debuginfo ?? null;
        }
        return strtok((string) ($thrown->error ?? ''), "\n") . "\n" . ($thrown->sql ?? '');
    }

    /**
     * Where it was thrown, innermost first, without the values of the calls.
     *
     * @param \Throwable $thrown
     * @return string
     */
    private static function trace(\Throwable $thrown): string {
        $lines = [$thrown->getFile() . ':' . $thrown->getLine()];
        foreach (array_slice($thrown->getTrace(), 0, self::DEEPEST_TRACE) as $call) {
            $place = isset($call['file']) ? $call['file'] . ':' . $call['line'] : 'PHP';
            $class = strtok($call['class'] ?? '', "\0");
            $lines[] = $place . ' ' . $class . ($call['type'] ?? '') . $call['function'] . '()';
        }
        return implode("\n", $lines);
    }

    /**
     * Takes the database's password out of a text, and bounds it.
     *
     * @param string $text
     * @param int $longest
     * @return string
     */
    private static function clean(string $text, int $longest): string {
        global $CFG;
        if (!empty($CFG->dbpass)) {
            $text = str_replace($CFG->dbpass, '***', $text);
        }
        return trim(substr($text, 0, $longest));
    }
}
