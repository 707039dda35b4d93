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
use provost\archive\places;
use provost\archive\unpacked;
use provost\failure;
use provost\operation;
use provost\task;

/**
 * Makes an unpacked backup without contents whole: links or copies each content that files.xml names into files/xx/, and then says in the
 * main file that contents are in. The site's own files are only read.
 *
 * Core can also restore a backup without contents from the site's files, but then it takes the ids of the files' owners for ids of this
 * site. So it is never asked to.
 *
 * Parameters: backup (a directory), incoming (a directory of contents as xx/SHA1 or SHA1, or null), verify (whether each is read and its
 * SHA-1 compared). Answer: contents, from_incoming, from_site, missing, damaged.
 */
return new class implements operation {

    #[\Override]
    public function needs_installation(): bool {
        return true;
    }

    #[\Override]
    public function run(array $params, task $task): array {
        require_once(__DIR__ . '/../archive/library.php');
        $path = places::directory($params, 'backup');
        $incoming = $params['incoming'] ?? null;
        if ($incoming !== null && (!is_string($incoming) || !str_starts_with($incoming, '/'))) {
            throw new failure('bad_request', "'incoming' must be an absolute path");
        }
        $backup = new unpacked($path);
        $answer = ['contents' => 0, 'from_incoming' => 0, 'from_site' => 0, 'missing' => [], 'damaged' => []];
        $seen = [];
        foreach ($backup->files() as [$sha1, $bytes]) {
            if (isset($seen[$sha1])) {
                continue;
            }
            $seen[$sha1] = true;
            $answer['contents']++;
            $found = $this->put($path, $sha1, $bytes, $incoming, (bool) ($params['verify'] ?? false));
            if ($found === 'missing' || $found === 'damaged') {
                $answer[$found][] = $sha1;
            } else if ($found !== 'there') {
                $answer[$found]++;
            }
            if ($answer['contents'] % 500 === 0) {
                $task->progress($answer['contents'], null, 'contents');
            }
        }
        if (!$answer['missing'] && !$answer['damaged'] && $backup->get('include_files') !== '1') {
            $this->say($path);
            $task->effect('include_files');
        }
        return $answer;
    }

    /**
     * Puts one content where the backup wants it.
     *
     * @param string $path
     * @param string $sha1
     * @param int $bytes
     * @param string|null $incoming
     * @param bool $verify
     * @return string "there", "from_incoming", "from_site", "missing" or "damaged".
     */
    private function put(string $path, string $sha1, int $bytes, ?string $incoming, bool $verify): string {
        $directory = "$path/files/" . substr($sha1, 0, 2);
        $place = "$directory/$sha1";
        if (is_file($place)) {
            if ($this->is($place, $sha1, $bytes, $verify)) {
                return 'there';
            }
            places::remove($place);
        }
        $damaged = false;
        $candidates = $incoming === null ? [] : ["$incoming/" . substr($sha1, 0, 2) . "/$sha1", "$incoming/$sha1"];
        foreach ($candidates + [2 => contents::path($sha1)] as $number => $from) {
            if ($from === null || !is_file($from)) {
                continue;
            }
            if (!$this->is($from, $sha1, $bytes, $verify)) {
                $damaged = true;
                continue;
            }
            places::must(is_dir($directory) || mkdir($directory, 0770, true), "Cannot make $directory");
            // A link where they are on one file system and of one owner; core only reads it, and copies what it takes.
            if (!@link($from, $place)) {
                places::must(@copy($from, $place), "Cannot copy a content to $place");
            }
            return $number === 2 ? 'from_site' : 'from_incoming';
        }
        return $damaged ? 'damaged' : 'missing';
    }

    /**
     * Whether a file is the content that it is called.
     *
     * @param string $file
     * @param string $sha1
     * @param int $bytes
     * @param bool $verify
     * @return bool
     */
    private function is(string $file, string $sha1, int $bytes, bool $verify): bool {
        return filesize($file) === $bytes && (!$verify || sha1_file($file) === $sha1);
    }

    /**
     * Says in the main file that contents are in.
     *
     * @param string $path
     */
    private function say(string $path): void {
        $text = file_get_contents("$path/moodle_backup.xml");
        $text = preg_replace('~<include_files>[^<]*</include_files>~', '<include_files>1</include_files>', $text, 1, $count);
        if ($count !== 1) {
            throw new failure('bad_backup', 'The backup does not say whether contents are in');
        }
        places::replace("$path/moodle_backup.xml", function ($out) use ($text): void {
            places::must(fwrite($out, $text) === strlen($text), 'Cannot write moodle_backup.xml');
        });
        if ((new unpacked($path))->get('include_files') !== '1') {
            throw new failure('read_back', 'The main file of the backup was written, and says otherwise');
        }
    }
};
