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
use provost\task;

/**
 * Shuts visitors out with core's own maintenance page, now or later, or lets them in again: what admin/cli/maintenance.php does.
 *
 * Parameters: mode ("on", "later" or "off"), minutes (with "later"), message (a text for people, or null). A message takes the
 * place of the site's own until maintenance ends; the site's own is kept meanwhile, as a mark. Answer: mode, page (whether every
 * request gets the page), later (when it will, in Unix seconds, or null), message (as HTML).
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return new class implements operation {

    /** @var string The mark that keeps the site's own message. */
    private const KEPT = 'maintenance_message_before';

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once("$CFG->libdir/adminlib.php");
        $mode = $params['mode'] ?? null;
        $message = $params['message'] ?? null;
        $minutes = $params['minutes'] ?? null;
        if (!in_array($mode, ['on', 'later', 'off'], true) || ($message !== null && !is_string($message))) {
            throw new failure('bad_request', "'mode' must be on, later or off, and 'message' a text");
        }
        if ($mode === 'later' && (!is_int($minutes) || $minutes < 1)) {
            throw new failure('bad_request', "'minutes' must be a number from 1");
        }
        if ($mode === 'later' && $this->page()) {
            throw new failure('already', 'The site is in maintenance already');
        }
        if ($mode !== 'off' && $message !== null) {
            $this->put_message(nl2br(s($message)));
        }
        match ($mode) {
            'on' => $this->begin($message !== null),
            'later' => set_config('maintenance_later', (string) (time() + $minutes * MINSECS)),
            'off' => $this->end(),
        };
        $task->effect("maintenance $mode");
        $stored = fn(string $name): ?string => $this->stored($name);
        $answer = [
            'mode' => $mode,
            'page' => $this->page(),
            'later' => $stored('maintenance_later') === null ? null : (int) $stored('maintenance_later'),
            'message' => $stored('maintenance_message') ?? '',
        ];
        $meant = match ($mode) {
            'on' => $answer['page'] && $answer['later'] === null,
            'later' => !$answer['page'] && $answer['later'] > time(),
            'off' => !$answer['page'] && $answer['later'] === null && !$stored('maintenance_enabled'),
        };
        if (!$meant) {
            throw new failure('read_back', "Maintenance was set to $mode, and is not");
        }
        return $answer;
    }

    /**
     * Every request gets the page from now on.
     *
     * @param bool $anew Whether the page is made again where it is there.
     */
    private function begin(bool $anew): void {
        if ($anew || !$this->page()) {
            enable_cli_maintenance_mode();
        }
        set_config('maintenance_enabled', 0);
        unset_config('maintenance_later');
    }

    /**
     * Visitors come in again, and the site has its own message back.
     */
    private function end(): void {
        global $CFG;
        set_config('maintenance_enabled', 0);
        unset_config('maintenance_later');
        if ($this->page()) {
            unlink("$CFG->dataroot/climaintenance.html");
        }
        $kept = get_config('provost', self::KEPT);
        if ($kept !== false) {
            $this->write_message($kept);
            unset_config(self::KEPT, 'provost');
        }
    }

    /**
     * Puts a message in the place of the site's own, which is kept.
     *
     * @param string $html
     */
    private function put_message(string $html): void {
        if (get_config('provost', self::KEPT) === false) {
            set_config(self::KEPT, $this->stored('maintenance_message') ?? '', 'provost');
        }
        $this->write_message($html);
    }

    /**
     * Writes the message as the site administration's page does, so that it is in the log of changes.
     *
     * @param string $html
     */
    private function write_message(string $html): void {
        admin_write_settings((object) ['s__maintenance_message' => $html]);
        if (($this->stored('maintenance_message') ?? '') !== $html) {
            throw new failure('read_back', 'The message was written, and is not there');
        }
    }

    /**
     * Whether every request gets the page.
     *
     * @return bool
     */
    private function page(): bool {
        global $CFG;
        clearstatcache();
        return file_exists("$CFG->dataroot/climaintenance.html");
    }

    /**
     * A setting as the database itself has it.
     *
     * @param string $name
     * @return string|null
     */
    private function stored(string $name): ?string {
        global $DB;
        $value = $DB->get_field('config', 'value', ['name' => $name]);
        return $value === false ? null : (string) $value;
    }
};
