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
 * Recipes: mod_wiki.
 *
 * @package    provost
 * @copyright  Provost contributors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
return [
    'wiki' => ['in' => 'id:wiki', 'refs' => 'course:course'],
    'wiki_subwikis' => ['in' => 'wikiid:wiki', 'key' => 'wikiid groupid userid', 'refs' => 'wikiid:wiki groupid:groups userid:user',
        'users' => true],
    'wiki_pages' => ['in' => 'subwikiid:wiki_subwikis', 'key' => 'subwikiid title', 'refs' => 'subwikiid:wiki_subwikis userid:user',
        'users' => true],
    'wiki_versions' => ['in' => 'pageid:wiki_pages', 'refs' => 'pageid:wiki_pages userid:user', 'users' => true],
    'wiki_synonyms' => ['in' => 'subwikiid:wiki_subwikis', 'refs' => 'subwikiid:wiki_subwikis pageid:wiki_pages', 'users' => true],
    'wiki_links' => ['in' => 'subwikiid:wiki_subwikis', 'refs' => 'subwikiid:wiki_subwikis frompageid:wiki_pages topageid:wiki_pages',
        'users' => true],
];
