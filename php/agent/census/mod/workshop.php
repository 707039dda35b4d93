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
 * Recipes: mod_workshop.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'workshop' => ['in' => 'id:workshop', 'refs' => 'course:course'],
    'workshop_submissions' => ['in' => 'workshopid:workshop', 'key' => 'workshopid authorid title timecreated',
        'refs' => 'workshopid:workshop authorid:user gradeoverby:user', 'users' => true],
    'workshop_assessments' => ['in' => 'submissionid:workshop_submissions', 'key' => 'submissionid reviewerid',
        'refs' => 'submissionid:workshop_submissions reviewerid:user gradinggradeoverby:user', 'users' => true],
    'workshop_aggregations' => ['in' => 'workshopid:workshop', 'refs' => 'workshopid:workshop userid:user', 'users' => true],
    'workshopform_accumulative' => ['in' => 'workshopid:workshop', 'key' => 'workshopid sort', 'refs' => 'workshopid:workshop',
        'convert' => ['grade' => 'grade']],
    'workshopform_comments' => ['in' => 'workshopid:workshop', 'key' => 'workshopid sort', 'refs' => 'workshopid:workshop'],
    'workshopform_numerrors' => ['in' => 'workshopid:workshop', 'key' => 'workshopid sort', 'refs' => 'workshopid:workshop'],
    'workshopform_numerrors_map' => ['in' => 'workshopid:workshop', 'refs' => 'workshopid:workshop'],
    'workshopform_rubric' => ['in' => 'workshopid:workshop', 'key' => 'workshopid sort', 'refs' => 'workshopid:workshop'],
    'workshopform_rubric_levels' => ['in' => 'dimensionid:workshopform_rubric', 'refs' => 'dimensionid:workshopform_rubric'],
    'workshop_grades' => ['in' => 'assessmentid:workshop_assessments',
        'choose' => ['dimensionid' => ['by' => 'strategy', 'sets' => ['accumulative' => 'workshopform_accumulative',
            'comments' => 'workshopform_comments', 'numerrors' => 'workshopform_numerrors', 'rubric' => 'workshopform_rubric']]],
        'refs' => 'assessmentid:workshop_assessments', 'users' => true],
];
