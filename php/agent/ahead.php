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
 * Compiles what Moodle will load, while the site is not there yet.
 *
 * Loading Moodle is mostly compiling it. A process that waits for a site whose database is still being copied can have that part
 * done by a child, with which it shares its opcache and nothing else: whatever is compiled is declared, too, and Moodle could not
 * declare it again. Nothing of it is executed.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class ahead {

    /** @var int The most files: a page of Moodle loads some 1,500. */
    private const MOST = 5000;

    /** @var string The build's directory, with a slash behind it. */
    private static string $build = '';

    /**
     * Has the files of a list compiled, which are named from the build's directory on.
     *
     * @param string $list The list's path; '' where there is none.
     * @param string $config The build's config.php.
     */
    public static function compile(string $list, string $config): void {
        self::$build = dirname(realpath($config)) . '/';
        if ($list === '' || !function_exists('opcache_compile_file') || !function_exists('pcntl_fork')) {
            return;
        }
        // One that cannot be had is no loss: then Moodle is compiled while it is loaded.
        if (pcntl_fork() !== 0) {
            return;
        }
        $files = @file($list, FILE_IGNORE_NEW_LINES) ?: [];
        foreach (array_slice($files, 0, self::MOST) as $file) {
            $path = realpath(self::$build . $file);
            // Only what is of the build. What does not compile is told by whoever loads it.
            if ($path !== false && str_starts_with($path, self::$build) && str_ends_with($path, '.php')) {
                @opcache_compile_file($path);
            }
        }
        // Without a word: what the process has still to do in its end is its parent's.
        posix_kill(getmypid(), SIGKILL);
    }

    /**
     * The files of the build that this process has loaded, named from the build's directory on.
     *
     * @return string[]
     */
    public static function loaded(): array {
        $ours = array_filter(get_included_files(), fn($file) => str_starts_with($file, self::$build));
        return array_values(array_map(fn($file) => substr($file, strlen(self::$build)), $ours));
    }
}
