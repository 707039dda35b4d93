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
 * Which contents of files this site has not got.
 *
 * Parameters: contents (a list of sha1, bytes). Answer: missing, damaged (there with another length): lists of sha1.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        [$missing, $damaged] = [[], []];
        foreach ($params['contents'] ?? [] as $content) {
            $sha1 = $content['sha1'] ?? null;
            if (!is_string($sha1) || !preg_match('/^[0-9a-f]{40}$/D', $sha1) || !is_int($content['bytes'] ?? null)) {
                throw new failure('bad_request', "'contents' must be a list of SHA-1s and lengths");
            }
            $path = contents::path($sha1);
            if ($path === null) {
                $missing[] = $sha1;
            } else if (filesize($path) !== $content['bytes']) {
                $damaged[] = $sha1;
            }
        }
        return ['missing' => $missing, 'damaged' => $damaged];
    }
};
