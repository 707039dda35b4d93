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

// Tells what core keeps of a site's hooks, by digests. With "forget" it is forgotten afterwards, so that core makes it anew the next time.

define('CLI_SCRIPT', true);
require($argv[1]);

$cache = cache::make('core', 'hookcallbacks');
foreach (['callbacks', 'deprecations', 'overrideshash'] as $entry) {
    $kept = $cache->get($entry);
    echo $entry, ' ', is_array($kept) ? count($kept) : 'none', ' ', sha1(serialize($kept)), "\n";
}
if (($argv[2] ?? '') === 'forget') {
    $cache->purge();
}
