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
 * Has core bring all language packs up to date: it asks the translators' site, and downloads those that are newer there.
 *
 * Parameters: dry (whether nothing is changed). Answer: see rows.php.
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
        require_once(__DIR__ . '/../rows.php');
        $rows = new rows(['language', 'is']);
        $controller = new \tool_langimport\controller();
        $installed = array_diff(array_keys(get_string_manager()->get_list_of_translations(true)), ['en']);
        if (!$installed) {
            return $rows->answer();
        }
        if (!$controller->availablelangs) {
            throw new failure('not_there', "The translators' site could not be asked for language packs",
                hint: 'where there is no way out, `provost languages add LANGUAGE --pack FILE.zip` brings one from a file');
        }
        if (!empty($params['dry'])) {
            array_map(fn($language) => $rows->change($language, 'to be compared'), $installed);
            return $rows->answer();
        }
        \core_php_time_limit::raise();
        $controller->update_all_installed_languages();
        foreach ($controller->info as $said) {
            $rows->change(null, strip_tags($said));
        }
        if ($controller->errors) {
            throw new failure('refused', implode('; ', array_map(strip_tags(...), $controller->errors)));
        }
        $task->effect('language packs');
        return $rows->answer();
    }
};
