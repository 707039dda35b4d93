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
 * Who is in a backup, and under which names, from its users.xml.
 *
 * Without it those count as taking part whom any compared row names. With it that is known exactly, and so are the names that an anonymised
 * backup gives.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class census_users {

    /**
     * Reads the file.
     *
     * @param string $path
     * @param string $key The element that users are known by.
     * @return string[] Names by the numbers that users have here.
     */
    public static function read(string $path, string $key): array {
        $reader = new \XMLReader();
        if (!is_file($path) || !$reader->open($path, null, LIBXML_NONET)) {
            throw new failure('no_users_file', "There is no list of users at $path");
        }
        $names = [];
        while ($reader->read()) {
            if ($reader->nodeType === \XMLReader::ELEMENT && $reader->depth === 1 && $reader->name === 'user') {
                $id = (int) $reader->getAttribute('id');
                $user = simplexml_load_string($reader->readOuterXml(), null, LIBXML_NONET);
                $name = \core_text::strtolower(trim((string) $user->$key));
                $names[$id] = $name === '' ? 'username:' . trim((string) $user->username) : $name;
            }
        }
        $reader->close();
        return $names;
    }
}
