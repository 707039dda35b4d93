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
use provost\settings;
use provost\task;

/**
 * Stops all mail of a site, or lets it go again; or says how it is.
 *
 * Core's switch for it, \$CFG->noemailever, has no page of its own. Parameters: stopped (true, false, or null for as it is), dry (whether
 * nothing is changed). Answer: see rows.php.
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
        require_once(__DIR__ . '/../rows.php');
        require_once(__DIR__ . '/../settings.php');
        $stopped = $params['stopped'] ?? null;
        $is = !empty($CFG->noemailever);
        $word = fn(bool $stopped): string => $stopped ? 'stopped' : 'sent';
        if ($stopped === null) {
            $rows = new rows(['mail', 'diverted_to']);
            $rows->add($word($is), ($CFG->divertallemailsto ?? '') ?: null);
            return $rows->answer();
        }
        $rows = new rows(['mail', 'was', 'is']);
        if ($is === $stopped) {
            return $rows->answer();
        }
        if (settings::is_forced('core', 'noemailever')) {
            throw new failure('forced', 'noemailever is set in config.php, which is stronger than the database');
        }
        $rows->change('mail', $word($is), $word($stopped));
        if (empty($params['dry'])) {
            (new settings([['core', 'noemailever']]))->write('core', 'noemailever', $stopped ? '1' : null);
            $task->effect("mail is {$word($stopped)}");
        }
        return $rows->answer();
    }
};
