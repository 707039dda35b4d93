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
 * Frames over standard input and output.
 *
 * A frame is LF RS json LF, with RS = 0x1E. Moodle prints to standard output by itself; everything there that is no frame
 * is log text, so the mark at the beginning of a line is what tells the two apart.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class channel {

    /** @var int The version of the protocol. */
    public const PROTOCOL = 1;

    /** @var int The longest frame's JSON, in bytes. */
    public const LONGEST = 8 << 20;

    /** @var int How much is read at once, in bytes: what a pipe holds. */
    private const CHUNK = 64 << 10;

    /** @var resource Standard input. */
    private $in;

    /** @var resource Standard output; a handle of our own, whatever becomes of the constant STDOUT. */
    private $out;

    /** @var string What was read and is not yet a whole line. */
    private string $buffer = '';

    /** @var bool Whether the rest of the line at hand is thrown away, for it grew too long. */
    private bool $dropping = false;

    /** @var bool Whether nobody is at the other side any more. */
    private bool $abandoned = false;

    /**
     * Opens the two streams.
     */
    public function __construct() {
        $this->in = fopen('php://stdin', 'rb');
        $this->out = fopen('php://stdout', 'wb');
        stream_set_read_buffer($this->in, 0);
    }

    /**
     * Waits for the next frame.
     *
     * @return array|null The frame's object; null when the other side has closed the stream.
     * @throws failure Of the kind "bad_frame". The next call goes on behind it.
     */
    public function read(): ?array {
        while (true) {
            $line = $this->line();
            if ($line === null) {
                return null;
            }
            if ($line === '') {
                // Each frame begins with one.
                continue;
            }
            if ($line[0] !== "\x1e") {
                throw new failure('bad_frame', 'What stands between frames must be empty lines');
            }
            $frame = json_decode(substr($line, 1), true, 128, JSON_BIGINT_AS_STRING);
            if (!is_array($frame) || !is_string($frame['type'] ?? null)) {
                $reason = json_last_error() === JSON_ERROR_NONE ? 'no object with a type' : json_last_error_msg();
                throw new failure('bad_frame', "A frame is not of the protocol's shape: $reason");
            }
            return $frame;
        }
    }

    /**
     * Writes a frame. When nobody listens any more, the process ends.
     *
     * @param array $frame The frame's object.
     * @throws failure Of the kind "too_long"; then nothing was written.
     */
    public function write(array $frame): void {
        $json = json_encode($frame, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE
            | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR);
        if (strlen($json) > self::LONGEST) {
            throw new failure('too_long', 'The answer is longer than ' . self::LONGEST . ' bytes',
                strlen($json) . ' bytes');
        }
        $bytes = "\n\x1e$json\n";
        while ($bytes !== '') {
            $written = @fwrite($this->out, $bytes);
            if (!$written) {
                $this->abandon();
            }
            $bytes = substr($bytes, $written);
        }
    }

    /**
     * Ends the process if the other side has closed standard input: whoever asked is gone. Does not wait.
     */
    public function check_parent(): void {
        while (strlen($this->buffer) < self::LONGEST) {
            $read = [$this->in];
            $write = $except = null;
            if (!@stream_select($read, $write, $except, 0)) {
                return;
            }
            if (!$this->fill()) {
                $this->abandon();
            }
        }
    }

    /**
     * Whether the process ends because nobody is at the other side.
     *
     * @return bool
     */
    public function is_abandoned(): bool {
        return $this->abandoned;
    }

    /**
     * Ends the process; nothing more is said.
     */
    private function abandon(): never {
        $this->abandoned = true;
        exit(1);
    }

    /**
     * Returns the next line without its line end, or null at the end of the stream. A last line that was cut off is
     * dropped with it.
     *
     * @return string|null
     * @throws failure When the line is longer than a frame may be.
     */
    private function line(): ?string {
        $searched = 0;
        while (true) {
            $end = strpos($this->buffer, "\n", $searched);
            if ($end !== false) {
                $line = substr($this->buffer, 0, $end);
                $this->buffer = substr($this->buffer, $end + 1);
                if (!$this->dropping) {
                    return $line;
                }
                $this->dropping = false;
                $searched = 0;
                continue;
            }
            $searched = strlen($this->buffer);
            if ($searched > self::LONGEST + 1 || $this->dropping) {
                $this->buffer = '';
                $searched = 0;
                if (!$this->dropping) {
                    $this->dropping = true;
                    throw new failure('bad_frame', 'A frame is longer than ' . self::LONGEST . ' bytes');
                }
            }
            if (!$this->fill()) {
                return null;
            }
        }
    }

    /**
     * Reads what there is, waiting for something if there is nothing.
     *
     * @return bool Whether there was anything: false at the end of the stream.
     */
    private function fill(): bool {
        $read = [$this->in];
        $write = $except = null;
        // PHP goes back into a read that a signal interrupted without looking at the signal: an agent without work would
        // not hear of SIGTERM before the next frame. From waiting it comes back.
        while (!@stream_select($read, $write, $except, null)) {
            $read = [$this->in];
        }
        $chunk = @fread($this->in, self::CHUNK);
        if ($chunk === false || $chunk === '') {
            return false;
        }
        $this->buffer .= $chunk;
        return true;
    }
}
