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
 * What core has written down of the hooks of a build, for sites that are made of the same one.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class hooks {

    /** @var string[] The entries of core's cache. */
    private const ENTRIES = ['callbacks', 'deprecations', 'overrideshash'];

    /**
     * The entries as core keeps them, or nothing: this Moodle has no hooks or names its files otherwise, or the configuration
     * has a say in them.
     *
     * @return string[] By entry.
     */
    public static function told(): array {
        global $CFG;
        $name = md5('1/core/hookcallbacks/' . md5(get_site_identifier()));
        $told = [];
        foreach (self::ENTRIES as $entry) {
            $path = "$CFG->cachedir/cachestore_file/default_application/core_hookcallbacks/" . substr($entry, 0, 3)
                . "-cache/$entry-$name.cache";
            $content = is_file($path) ? file_get_contents($path) : false;
            if ($content === false || !mb_check_encoding($content, 'UTF-8')) {
                return [];
            }
            $told[$entry] = $content;
        }
        return $told['overrideshash'] === serialize(null) ? $told : [];
    }
}
