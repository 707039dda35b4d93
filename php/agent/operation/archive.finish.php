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

use provost\archive\finish;
use provost\archive\marks;
use provost\archive\quiet;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * What is done with a course once it is where it shall be.
 *
 * Parameters and answer: FinishRequest and Finished in crates/provost-sites/src/archive. A course that is frozen is thawed while it is
 * changed; it is frozen, and shown, at the very end.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        global $CFG;
        require_once(__DIR__ . '/../archive/library.php');
        require_once("$CFG->dirroot/course/lib.php");
        require_once("$CFG->libdir/enrollib.php");
        quiet::begin();
        $course = $params['course'] ?? null;
        if (!is_int($course) || $course == SITEID) {
            throw new failure('bad_request', "'course' must be a course");
        }
        $unit = marks::unit($params);
        if (empty($params['unmarked'])) {
            $mark = marks::read(marks::RESTORED . $unit);
            if (($mark['course'] ?? null) !== $course || $mark['state'] !== 'restored') {
                throw new failure('other_course', "The course $course does not carry the mark of the unit '$unit'");
            }
        }
        $lock = marks::lock($unit);
        try {
            $finish = new finish($course);
            $script = $this->work($finish, $params);
        } finally {
            $lock->release();
        }
        foreach ($finish->changed as $change) {
            $task->effect($change);
        }
        $row = $finish->row();
        return [
            'visible' => (bool) $row->visible,
            'frozen' => $finish->is_frozen(),
            'fullname' => $row->fullname,
            'shortname' => $row->shortname,
            'idnumber' => $row->idnumber,
            'category' => (int) $row->category,
            'tags' => $finish->tags(),
            'active_enrolments' => $finish->active_enrolments(),
            'changed' => $finish->changed,
            'script' => $script,
        ];
    }

    /**
     * Does it.
     *
     * @param finish $finish
     * @param array $params
     * @return string|null What the script returned.
     */
    private function work(finish $finish, array $params): ?string {
        $enrolments = $params['enrolments'] ?? 'keep';
        if (!in_array($enrolments, ['keep', 'suspend', 'end'], true)) {
            throw new failure('bad_request', "'enrolments' must be keep, suspend or end");
        }
        $set = fn(string $name) => $params[$name] ?? null;
        $script = null;
        if ($set('category') !== null) {
            $finish->move($params['category']);
        }
        $finish->rename(array_filter(['fullname' => $set('fullname'), 'shortname' => $set('shortname'), 'idnumber' => $set('idnumber')],
            fn(?string $name): bool => $name !== null));
        $finish->tag($set('tags') ?? []);
        if ($set('notice') !== null) {
            $finish->notice($params['notice']['html']);
        }
        if ($enrolments !== 'keep') {
            $finish->close_enrolments($enrolments);
        }
        if ($set('script') !== null) {
            $script = $finish->script($params['script'], (array) ($set('script_arguments') ?? []));
        }
        if ($set('frozen') !== null) {
            $finish->freeze($params['frozen']);
        }
        if ($set('visible') !== null) {
            $finish->show($params['visible']);
        }
        return $script;
    }
};
