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

use provost\failure;
use provost\operation;
use provost\rows;
use provost\task;

/**
 * Makes the style sheets of themes, so that no visitor waits for them: what admin/cli/build_theme_css.php does.
 *
 * Parameters: themes (names; none for the site's own), dry (whether nothing is made). Answer: see rows.php.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }
    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once("$CFG->libdir/csslib.php");
        require_once("$CFG->libdir/outputlib.php");
        require_once(__DIR__ . '/../rows.php');
        $names = ($params['themes'] ?? []) ?: [$CFG->theme];
        $rows = new rows(['theme', 'direction', 'bytes']);
        foreach ($names as $name) {
            if (!is_string($name) || !preg_match('/^[a-z][a-z0-9_]*$/D', $name) || theme_get_config_file_path($name) === null) {
                throw new failure('no_such', "There is no theme '$name'");
            }
        }
        $directions = ['ltr', 'rtl'];
        $made = empty($params['dry'])
            ? theme_build_css_for_themes(array_map(\theme_config::load(...), $names), $directions, true, false)
            : [];
        foreach ($names as $name) {
            foreach ($directions as $direction) {
                $rows->change($name, $direction, isset($made[$name][$direction]) ? strlen($made[$name][$direction]) : null);
            }
            $task->effect("theme $name");
        }
        return $rows->answer();
    }
};
