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
 * Contents of files, as the site's own file system has them. Read only.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class contents {

    /**
     * Where a content lies on the local file system; null where it does not.
     *
     * @param string $sha1
     * @param bool $fetch Whether one that lies elsewhere is brought first.
     * @return string|null
     */
    public static function path(string $sha1, bool $fetch = false): ?string {
        $system = get_file_storage()->get_file_system();
        // The way in for plugins of other file systems is protected, and has one signature since Moodle 3.3.
        $method = new \ReflectionMethod($system, 'get_local_path_from_hash');
        $path = $method->invoke($system, $sha1, $fetch);
        clearstatcache(true, $path);
        return is_file($path) && is_readable($path) ? $path : null;
    }
}
