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

/**
 * Recipes: mod_scorm.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
$sco = ['in' => 'scoid:scorm_scoes', 'refs' => 'scoid:scorm_scoes'];
return [
    'scorm' => ['in' => 'id:scorm', 'refs' => 'course:course launched:scorm_scoes', 'extra' => ['launched' => 't.launch'],
        'skip' => ['launch' => 'compared as what is launched']],
    'scorm_scoes' => ['in' => 'scorm:scorm', 'key' => 'scorm organization identifier', 'refs' => 'scorm:scorm'],
    'scorm_scoes_data' => $sco,
    'scorm_seq_objective' => $sco + ['key' => 'scoid objectiveid'],
    'scorm_seq_mapinfo' => ['refs' => 'scoid:scorm_scoes objectiveid:scorm_seq_objective'] + $sco,
    'scorm_seq_ruleconds' => $sco + ['key' => 'scoid ruletype action'],
    'scorm_seq_rulecond' => ['refs' => 'scoid:scorm_scoes ruleconditionsid:scorm_seq_ruleconds'] + $sco,
    'scorm_seq_rolluprule' => $sco + ['key' => 'scoid action childactivityset'],
    'scorm_seq_rolluprulecond' => ['refs' => 'scoid:scorm_scoes rollupruleid:scorm_seq_rolluprule'] + $sco,
    'scorm_attempt' => ['in' => 'scormid:scorm', 'key' => 'scormid userid attempt', 'refs' => 'scormid:scorm userid:user', 'users' => true],
    'scorm_scoes_value' => ['in' => 'attemptid:scorm_attempt',
        'refs' => 'attemptid:scorm_attempt scoid:scorm_scoes elementid:scorm_element', 'users' => true],
];
