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
 * Files and directories that an operation of an archive session works with.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class places {

    /** @var int How long the lock on the categories is waited for, in seconds. */
    private const WAIT = 60;

    /**
     * A directory of a request: absolute, there, to be written into, and not one of Moodle's own.
     *
     * @param array $params
     * @param string $name
     * @return string Without a slash at its end.
     */
    public static function directory(array $params, string $name): string {
        global $CFG;
        $path = $params[$name] ?? null;
        if (!is_string($path) || !str_starts_with($path, '/')) {
            throw new failure('bad_request', "'$name' must be an absolute path");
        }
        $real = realpath($path);
        if ($real === false || !is_dir($real) || !is_writable($real)) {
            throw new failure('no_directory', "'$path' is no directory that this site can write into");
        }
        foreach (['filedir', 'trashdir'] as $own) {
            $own = realpath($own === 'filedir' && isset($CFG->filedir) ? $CFG->filedir : "$CFG->dataroot/$own");
            if ($own !== false && str_starts_with("$real/", "$own/")) {
                throw new failure('bad_request', "'$path' lies where Moodle keeps its files");
            }
        }
        return $real;
    }

    /**
     * Removes a directory with all that is in it. Links are removed, not followed.
     *
     * @param string $path
     */
    public static function remove(string $path): void {
        if (is_link($path) || is_file($path)) {
            self::must(@unlink($path), "Cannot remove $path");
            return;
        }
        if (!is_dir($path)) {
            return;
        }
        foreach (scandir($path) as $name) {
            if ($name !== '.' && $name !== '..') {
                self::remove("$path/$name");
            }
        }
        self::must(@rmdir($path), "Cannot remove $path");
    }

    /**
     * Bytes and files below a directory, without some of its top names.
     *
     * @param string $path
     * @param string[] $without
     * @return int[] Bytes, files.
     */
    public static function measure(string $path, array $without = []): array {
        [$bytes, $files] = [0, 0];
        foreach (scandir($path) as $name) {
            if ($name === '.' || $name === '..' || in_array($name, $without, true)) {
                continue;
            }
            if (is_dir("$path/$name")) {
                [$inbytes, $infiles] = self::measure("$path/$name");
                [$bytes, $files] = [$bytes + $inbytes, $files + $infiles];
            } else {
                [$bytes, $files] = [$bytes + filesize("$path/$name"), $files + 1];
            }
        }
        return [$bytes, $files];
    }

    /**
     * Writes a file whole: aside, to disk, renamed.
     *
     * @param string $path
     * @param callable $write Is given the open file.
     */
    public static function replace(string $path, callable $write): void {
        $aside = "$path.provost";
        $file = @fopen($aside, 'wb');
        self::must($file !== false, "Cannot write $aside");
        $write($file);
        self::must(fflush($file) && fclose($file) && rename($aside, $path), "Cannot write $path");
    }

    /**
     * Turns a false into an error that says why.
     *
     * @param bool $done
     * @param string $what
     */
    public static function must(bool $done, string $what): void {
        if (!$done) {
            $why = error_get_last()['message'] ?? '';
            $kind = str_contains($why, 'No space left') ? 'disk_full' : 'io';
            throw new failure($kind, $what, $why);
        }
    }

    /**
     * Keeps everybody else from making categories, from taking them away, and from putting courses into them.
     *
     * @return \core\lock\lock
     */
    public static function categories(): \core\lock\lock {
        $lock = \core\lock\lock_config::get_lock_factory(marks::PLUGIN)->get_lock('categories', self::WAIT);
        if (!$lock) {
            throw new failure('busy', 'Another process makes categories at this site');
        }
        return $lock;
    }
}
