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
 * Recipes: mod_choice.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'choice' => ['in' => 'id:choice', 'refs' => 'course:course'],
    'choice_options' => ['in' => 'choiceid:choice', 'key' => 'choiceid text', 'refs' => 'choiceid:choice', 'blank' => 'maxanswers'],
    'choice_answers' => ['in' => 'choiceid:choice', 'refs' => 'choiceid:choice optionid:choice_options userid:user', 'users' => true],
];
