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

use provost\archive\contents;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Where contents of files lie on the local file system.
 *
 * Parameters: sha1 (a list), fetch (whether such as lie elsewhere are brought first). Answer: found (a list of sha1, path, bytes),
 * missing (a list of sha1).
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        [$found, $missing] = [[], []];
        foreach ($params['sha1'] ?? [] as $sha1) {
            if (!is_string($sha1) || !preg_match('/^[0-9a-f]{40}$/D', $sha1)) {
                throw new failure('bad_request', "'sha1' must be a list of SHA-1s");
            }
            $path = contents::path($sha1, (bool) ($params['fetch'] ?? false));
            if ($path === null) {
                $missing[] = $sha1;
            } else {
                $found[] = ['sha1' => $sha1, 'path' => $path, 'bytes' => filesize($path)];
            }
        }
        return ['found' => $found, 'missing' => $missing];
    }
};
