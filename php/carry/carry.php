<?php
// This file is part of Provost.
//
// Provost is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as
// published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

/**
 * One end of a transport: reads files where courses come from, or writes them where they go to.
 *
 * It runs as the account that owns the files, on the host that holds them, without Moodle. It is told what to do on standard
 * input and answers on standard output. A message is four bytes (its head's length, big-endian), the head (JSON), and as many bytes
 * as the head's `bytes` says. It is one long file because it is given whole to `php -r`: nothing is installed on the host. Nothing it is told is part of a command line, and nothing here follows a symbolic link.
 *
 * @package    provost
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/** What went wrong, in a word that the other end understands. */
class carry_problem extends Exception {
    /** @var array More of it. */
    public $more;

    /**
     * Constructor.
     *
     * @param string $kind one of full, denied, lost, hostile, gone, protocol, busy, damaged, unfit
     * @param string $message for people
     * @param array $more fields of the answer
     */
    public function __construct(public string $kind, string $message, array $more = []) {
        parent::__construct($message);
        $this->more = $more;
    }
}

/** One end. */
class carry_end {
    /** Bytes of one piece. */
    const PIECE = 131072;

    /** Files of one answer of a list. */
    const PAGE = 1000;

    /** The longest head of a message. */
    const LONGEST_HEAD = 4194304;

    /** @var int Bytes that may still be sent before the other end must say that it has taken some. */
    private $credit = 0;

    /** @var resource[] Locks that are held, by what they are for. */
    private $locks = [];

    /** @var resource[] Files that are being written and locked, by their path. */
    private $open = [];

    /** @var resource|null The mbz that is being taken apart. */
    private $archive = null;

    /** @var string Where backups arrive. */
    private $staging = '';

    /** @var string The files of the site itself, or empty. */
    private $filedir = '';

    /** @var string The unit at work. */
    private $unit = '';

    /** Works until standard input ends. */
    public function run(): void {
        // Standard output is for messages; what PHP complains of is asked for where it matters.
        ini_set('display_errors', '0');
        stream_set_write_buffer(STDOUT, 0);
        $this->send(['ready' => 1, 'php' => PHP_VERSION, 'boot' => (string)@file_get_contents('/proc/sys/kernel/random/boot_id')]);
        while (($message = $this->receive()) !== null) {
            [$head, $body] = $message;
            try {
                $do = 'do_' . ($head['do'] ?? '');
                if (!method_exists($this, $do)) {
                    throw new carry_problem('protocol', 'nothing is done of that name');
                }
                $this->$do($head, $body);
            } catch (carry_problem $problem) {
                $this->send(['error' => $problem->kind, 'message' => $problem->getMessage()] + $problem->more);
            }
        }
    }

    /**
     * Reads so many bytes.
     *
     * @param int $length how many
     * @return string|null null at the end
     */
    private function read(int $length): ?string {
        $data = '';
        while (strlen($data) < $length) {
            $piece = fread(STDIN, $length - strlen($data));
            if ($piece === false || $piece === '') {
                return null;
            }
            $data .= $piece;
        }
        return $data;
    }

    /**
     * The next message.
     *
     * @return array|null head and body; null at the end
     */
    private function receive(): ?array {
        $prefix = $this->read(4);
        $length = $prefix === null ? 0 : unpack('N', $prefix)[1];
        if ($prefix === null || $length > self::LONGEST_HEAD) {
            return null;
        }
        $text = $this->read($length);
        $head = $text === null ? null : json_decode($text, true);
        if (!is_array($head)) {
            return null;
        }
        $bytes = (int)($head['bytes'] ?? 0);
        if ($bytes < 0 || $bytes > self::PIECE) {
            return null;
        }
        $body = $bytes ? $this->read($bytes) : '';
        return $body === null ? null : [$head, $body];
    }

    /**
     * Sends a message. Whoever cannot be told anything more has ended.
     *
     * @param array $head what
     * @param string $body bytes that follow
     */
    private function send(array $head, string $body = ''): void {
        if ($body !== '') {
            $head['bytes'] = strlen($body);
        }
        $text = json_encode($head, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
        $data = pack('N', strlen($text)) . $text . $body;
        for ($done = 0; $done < strlen($data); $done += $written) {
            $written = fwrite(STDOUT, $done ? substr($data, $done) : $data);
            if (!$written) {
                exit(1);
            }
        }
    }

    /**
     * A problem of the file system, from what PHP said last.
     *
     * @param string $what what was tried
     * @return carry_problem
     */
    private function failed(string $what): carry_problem {
        $last = error_get_last()['message'] ?? '';
        error_clear_last();
        if (preg_match('~errno=(28|122)\b|No space left|Disk quota~', $last)) {
            return $this->full();
        }
        return new carry_problem('denied', $what . ($last === '' ? '' : ': ' . preg_replace('~^[a-z_]+\(.*?\): ~', '', $last)));
    }

    /**
     * That the disk is full.
     *
     * @return carry_problem
     */
    private function full(): carry_problem {
        $free = $this->staging === '' ? 0 : (int)disk_free_space($this->staging);
        return new carry_problem('full', 'no space left', ['free' => $free, 'place' => $this->staging]);
    }

    /**
     * A path below a directory, of which no part is a link.
     *
     * @param string $root the directory
     * @param string $path below it
     * @return string
     */
    private function below(string $root, string $path): string {
        $at = $root;
        foreach (explode('/', $path) as $part) {
            if ($part === '' || trim($part, '.') === '' || strpbrk($part, "\0\\") !== false) {
                throw new carry_problem('hostile', 'not a plain path');
            }
            $at .= '/' . $part;
            if (is_link($at)) {
                throw new carry_problem('hostile', "`$path` is a link");
            }
        }
        return $at;
    }

    /**
     * The name of a content, checked.
     *
     * @param mixed $hash what was said
     * @return string
     */
    private function hash($hash): string {
        if (!is_string($hash) || !preg_match('~^[0-9a-f]{40}\z~', $hash)) {
            throw new carry_problem('protocol', 'not the name of a content');
        }
        return $hash;
    }

    /**
     * Opens a file that is one.
     *
     * @param string $path where
     * @return array handle and what fstat says; null where there is nothing
     */
    private function open_plain(string $path): ?array {
        clearstatcache(true, $path);
        $seen = @lstat($path);
        if (!$seen) {
            return null;
        }
        if (($seen['mode'] & 0170000) !== 0100000) {
            throw new carry_problem('hostile', "`$path` is not a file");
        }
        $handle = @fopen($path, 'rb');
        if (!$handle) {
            throw $this->failed("cannot read `$path`");
        }
        $stat = fstat($handle);
        if ($stat['ino'] !== $seen['ino'] || $stat['dev'] !== $seen['dev']) {
            throw new carry_problem('hostile', "`$path` was exchanged");
        }
        return [$handle, $stat];
    }

    /**
     * The digest of a file.
     *
     * @param string $algorithm sha1 or sha256
     * @param string $path where
     * @return array|null digest and length; null where there is nothing
     */
    private function digest(string $algorithm, string $path): ?array {
        $opened = $this->open_plain($path);
        if (!$opened) {
            return null;
        }
        $context = hash_init($algorithm);
        $read = 0;
        while (($piece = fread($opened[0], 1048576)) !== false && $piece !== '') {
            hash_update($context, $piece);
            $read += strlen($piece);
        }
        fclose($opened[0]);
        return [hash_final($context), $read];
    }

    // Where courses come from.

    /**
     * Lists the structure of an unpacked backup.
     *
     * @param array $head root
     */
    private function do_list(array $head): void {
        $root = (string)$head['root'];
        if (is_link($root) || !is_dir($root)) {
            throw new carry_problem('gone', "`$root` is not there");
        }
        $page = [];
        $pending = [''];
        while ($pending) {
            $directory = array_pop($pending);
            $names = @scandir($root . $directory);
            if ($names === false) {
                throw $this->failed("cannot read `$root$directory`");
            }
            foreach (array_diff($names, ['.', '..']) as $name) {
                $path = "$directory/$name";
                $mode = (int)(lstat($root . $path)['mode'] ?? 0) & 0170000;
                if ($mode === 0040000) {
                    if ($path !== '/files') {
                        $pending[] = $path;
                    }
                    continue;
                }
                if ($mode !== 0100000) {
                    throw new carry_problem('hostile', "`$root$path` is neither a file nor a directory");
                }
                $digest = $this->digest('sha256', $root . $path);
                if (!$digest) {
                    throw new carry_problem('gone', "`$root$path` went away");
                }
                $page[] = [substr($path, 1), $digest[1], $digest[0]];
                if (count($page) >= self::PAGE) {
                    $this->send(['files' => $page, 'more' => true]);
                    $page = [];
                }
            }
        }
        $this->send(['files' => $page, 'more' => false]);
    }

    /**
     * The length and digest of a file.
     *
     * @param array $head path, algorithm
     */
    private function do_digest(array $head): void {
        $digest = $this->digest($head['algorithm'] === 'sha1' ? 'sha1' : 'sha256', (string)$head['path']);
        $this->send($digest ? ['digest' => $digest[0], 'length' => $digest[1]] : ['digest' => null]);
    }

    /**
     * The free space below a directory, which is made.
     *
     * @param array $head staging
     */
    private function do_room(array $head): void {
        $this->set_staging($head);
        $this->send(['free' => (int)disk_free_space($this->staging)]);
    }

    /**
     * Sends files, one after the other, in pieces; a piece only when the other end has taken what came before.
     *
     * @param array $head items (root, path or hash, offset, most), credit
     */
    private function do_fetch(array $head): void {
        $this->credit = (int)$head['credit'];
        foreach ($head['items'] as $number => $item) {
            try {
                $this->fetch($number, $item);
            } catch (carry_problem $problem) {
                $this->send(['item' => $number, 'error' => $problem->kind, 'message' => $problem->getMessage()]);
            }
        }
        $this->send(['done' => true]);
    }

    /**
     * Sends one file.
     *
     * @param int $number of the item
     * @param array $item root, path or hash, offset, most
     */
    private function fetch(int $number, array $item): void {
        $root = (string)$item['root'];
        if (isset($item['hash'])) {
            $hash = $this->hash($item['hash']);
            $path = $this->below($root, substr($hash, 0, 2) . '/' . substr($hash, 2, 2) . '/' . $hash);
        } else {
            $path = ($item['path'] ?? '') === '' ? $root : $this->below($root, (string)$item['path']);
        }
        $opened = $this->open_plain($path);
        if (!$opened) {
            throw new carry_problem('lost', "`$path` is not there");
        }
        [$handle, $stat] = $opened;
        $offset = (int)$item['offset'];
        $left = min((int)($item['most'] ?? PHP_INT_MAX), max(0, $stat['size'] - $offset));
        fseek($handle, $offset);
        while ($left > 0) {
            while ($this->credit <= 0) {
                $message = $this->receive();
                if ($message === null) {
                    exit(1);
                }
                $this->credit += (int)($message[0]['credit'] ?? 0);
            }
            $piece = fread($handle, min(self::PIECE, $left));
            if ($piece === false || $piece === '') {
                break;
            }
            $left -= strlen($piece);
            $this->credit -= strlen($piece);
            $this->send(['item' => $number], $piece);
        }
        fclose($handle);
        $this->send(['item' => $number, 'end' => true, 'length' => $stat['size']]);
    }

    /** Said when nothing is being fetched any more: credit that came too late. */
    private function do_credit(): void {
    }

    // Where courses go to.

    /**
     * Sets where backups arrive.
     *
     * @param array $head staging, filedir
     */
    private function set_staging(array $head): void {
        $this->staging = (string)$head['staging'];
        $this->filedir = (string)($head['filedir'] ?? '');
        umask(0077);
        foreach (['', '/contents', '/units'] as $directory) {
            $this->make($this->staging . $directory);
        }
    }

    /**
     * Makes a directory, if it is not there.
     *
     * @param string $path where
     */
    private function make(string $path): void {
        if (is_link($path) && strlen($path) > strlen($this->staging)) {
            throw new carry_problem('hostile', "`$path` is a link");
        }
        if (!is_dir($path) && !@mkdir($path, 0700, true) && !is_dir($path)) {
            throw $this->failed("cannot make `$path`");
        }
    }

    /**
     * Takes a lock, at once or not at all.
     *
     * @param string $path of the file that is locked
     * @return resource|null
     */
    private function lock(string $path) {
        $handle = @fopen($path, 'c+b');
        if (!$handle) {
            throw $this->failed("cannot open `$path`");
        }
        if (!flock($handle, LOCK_EX | LOCK_NB)) {
            fclose($handle);
            return null;
        }
        return $handle;
    }

    /**
     * The directory of a unit.
     *
     * @param string $key the unit
     * @return string
     */
    private function unit(string $key): string {
        if (!preg_match('~^[a-z0-9][a-z0-9-]{0,63}\z~', $key)) {
            throw new carry_problem('protocol', 'not the name of a unit');
        }
        return $this->below($this->staging, "units/$key");
    }

    /**
     * Begins with a unit: nobody else works on it until this process ends.
     *
     * @param array $head staging, filedir, key
     */
    private function do_begin(array $head): void {
        $this->set_staging($head);
        $this->unit = $this->unit((string)$head['key']);
        $this->make($this->unit);
        $this->make($this->unit . '/backup');
        $this->locks['unit'] = $this->lock($this->unit . '/lock');
        if (!$this->locks['unit']) {
            throw new carry_problem('busy', 'another process works on this unit');
        }
        $carried = @file_get_contents($this->unit . '/carried.json');
        $this->send(['free' => (int)disk_free_space($this->staging), 'carried' => $carried ? json_decode($carried, true) : null]);
    }

    /**
     * Where a file of the unit lies, and where while it comes.
     *
     * @param array $item path (structure), hash (content) or neither (the mbz)
     * @return string[] place, place while it comes
     */
    private function place(array $item): array {
        if (isset($item['hash'])) {
            $hash = $this->hash($item['hash']);
            $place = $this->staging . '/contents/' . substr($hash, 0, 2);
            return ["$place/$hash", "$place/$hash.part"];
        }
        if (isset($item['path'])) {
            $this->below($this->unit . '/backup', (string)$item['path']);
            // What comes lies aside, so that a file's name is never that of another one's part.
            return [$this->unit . '/backup/' . $item['path'], $this->unit . '/parts/' . sha1($item['path'])];
        }
        return [$this->unit . '/backup.mbz', $this->unit . '/parts/backup.mbz'];
    }

    /**
     * The digest that a file must have.
     *
     * @param array $item hash, sha1 or sha256
     * @return string[] algorithm, digest
     */
    private function announced(array $item): array {
        if (isset($item['hash'])) {
            return ['sha1', $this->hash($item['hash'])];
        }
        return isset($item['sha1']) ? ['sha1', (string)$item['sha1']] : ['sha256', (string)$item['sha256']];
    }

    /**
     * Says of each item how much of it is there: all (`whole`), a part that one can go on with, nothing, or that another process is
     * just bringing it (`busy`). What is not whole is locked until it is.
     *
     * @param array $head items: path, hash or neither; length; sha256 (or sha1) where there is no hash
     */
    private function do_have(array $head): void {
        $states = [];
        foreach ($head['items'] as $item) {
            $states[] = isset($item['hash']) ? $this->have_content($item) : $this->have_file($item);
        }
        $this->send(['states' => $states, 'free' => (int)disk_free_space($this->staging)]);
    }

    /**
     * How much of a file is there.
     *
     * @param array $item path or neither, length, sha256 or sha1
     * @return array
     */
    private function have_file(array $item): array {
        [$place, $part] = $this->place($item);
        [$algorithm, $digest] = $this->announced($item);
        clearstatcache(true, $place);
        if (@filesize($place) === (int)$item['length'] && ($this->digest($algorithm, $place)[0] ?? '') === $digest) {
            return ['state' => 'whole'];
        }
        $size = @filesize($part);
        return ['state' => 'part', 'offset' => $size !== false && $size < (int)$item['length'] ? $size : 0];
    }

    /**
     * How much of a content is there, and links it into the backup if all is.
     *
     * @param array $item hash, length
     * @return array
     */
    private function have_content(array $item): array {
        $hash = $this->hash($item['hash']);
        [$place, $part] = $this->place($item);
        if ($this->link_content($hash, $place, true)) {
            return ['state' => 'whole', 'from' => 'pool'];
        }
        $own = $this->filedir === '' ? '' : $this->below($this->filedir, substr($hash, 0, 2) . '/' . substr($hash, 2, 2) . "/$hash");
        if ($own !== '' && is_file($own)) {
            $digest = $this->digest('sha1', $own);
            if (!$digest || $digest[0] !== $hash) {
                return ['state' => 'damaged'];
            }
            if ($this->link_content($hash, $own, false)) {
                return ['state' => 'whole', 'from' => 'site'];
            }
        }
        $this->make(dirname($part));
        $handle = $this->lock($part);
        if (!$handle) {
            return ['state' => 'busy'];
        }
        // It may have come between the look and the lock; then the part that was locked is another file.
        if ($this->link_content($hash, $place, true)) {
            fclose($handle);
            return ['state' => 'whole', 'from' => 'pool'];
        }
        $now = @stat($part);
        $size = fstat($handle);
        clearstatcache(true, $part);
        if (!$now || $now['ino'] !== $size['ino']) {
            fclose($handle);
            return ['state' => 'busy'];
        }
        $this->open[$part] = $handle;
        return ['state' => 'part', 'offset' => $size['size'] < (int)$item['length'] ? $size['size'] : 0];
    }

    /**
     * Links a content into the backup: copies it where it cannot be linked.
     *
     * @param string $hash its name
     * @param string $from where it is
     * @param bool $verified whether its bytes are known to be right
     * @return bool false where it is not there
     */
    private function link_content(string $hash, string $from, bool $verified): bool {
        $directory = $this->unit . '/backup/files/' . substr($hash, 0, 2);
        clearstatcache(true, "$directory/$hash");
        if (is_file("$directory/$hash") && !is_link("$directory/$hash")) {
            if ($verified && is_file($from)) {
                return true;
            }
            $digest = $this->digest('sha1', "$directory/$hash");
            if ($digest && $digest[0] === $hash) {
                return true;
            }
            unlink("$directory/$hash");
        }
        clearstatcache(true, $from);
        if (!is_file($from) || is_link($from)) {
            return false;
        }
        $this->make($directory);
        error_clear_last();
        if (@link($from, "$directory/$hash")) {
            return true;
        }
        // Another file system, another owner, too many links: a copy, under another name until it is one.
        $aside = $this->unit . '/copy';
        if (!@copy($from, $aside)) {
            $problem = $this->failed("cannot copy a content to `$directory`");
            @unlink($aside);
            throw disk_free_space($this->staging) < @filesize($from) ? $this->full() : $problem;
        }
        $digest = $this->digest('sha1', $aside);
        if (!$digest || $digest[0] !== $hash) {
            unlink($aside);
            throw new carry_problem('damaged', "the content $hash is not what it is called");
        }
        if (!@rename($aside, "$directory/$hash")) {
            throw $this->failed("cannot rename to `$directory/$hash`");
        }
        return true;
    }

    /**
     * The handle of a file that comes, at an offset: what was there behind it is cut off.
     *
     * @param string $part where
     * @param int $offset from where it goes on
     * @return resource
     */
    private function writing(string $part, int $offset) {
        $handle = $this->open[$part] ?? null;
        if (!$handle) {
            $this->make(dirname($part));
            $handle = @fopen($part, 'c+b');
            if (!$handle) {
                throw $this->failed("cannot open `$part`");
            }
            $this->open[$part] = $handle;
        }
        stream_set_write_buffer($handle, 0);
        if (ftell($handle) !== $offset || $offset === 0) {
            if (fstat($handle)['size'] < $offset) {
                throw new carry_problem('protocol', 'a piece is missing before this one');
            }
            ftruncate($handle, $offset);
            fseek($handle, $offset);
        }
        return $handle;
    }

    /**
     * Writes bytes, all of them.
     *
     * @param resource $handle
     * @param string $bytes
     * @param string $path for people
     */
    private function write($handle, string $bytes, string $path): void {
        for ($done = 0; $done < strlen($bytes); $done += $written) {
            error_clear_last();
            $written = fwrite($handle, $done ? substr($bytes, $done) : $bytes);
            if (!$written) {
                throw $this->failed("cannot write `$path`");
            }
        }
    }

    /**
     * Writes a piece. With the last one the whole is verified and gets its name.
     *
     * @param array $head item, offset, last
     * @param string $body the bytes
     */
    private function do_put(array $head, string $body): void {
        $item = $head['item'];
        [$place, $part] = $this->place($item);
        try {
            $this->write($this->writing($part, (int)$head['offset']), $body, $part);
        } catch (carry_problem $problem) {
            // A full disk is the site's, too: what was half written is given back.
            $this->drop($part, $problem->kind === 'full');
            throw $problem;
        }
        if (empty($head['last'])) {
            $this->send(['taken' => strlen($body)]);
            return;
        }
        $this->arrived($item, $place, $part);
        $this->send(['taken' => strlen($body), 'whole' => true]);
    }

    /**
     * Lets go of a file that comes.
     *
     * @param string $part where
     * @param bool $remove whether it is removed
     */
    private function drop(string $part, bool $remove): void {
        if ($remove) {
            @unlink($part);
        }
        if (isset($this->open[$part])) {
            fclose($this->open[$part]);
            unset($this->open[$part]);
        }
    }

    /**
     * Verifies a file that came and gives it its name.
     *
     * @param array $item what
     * @param string $place where it belongs
     * @param string $part where it is
     */
    private function arrived(array $item, string $place, string $part): void {
        $content = isset($item['hash']);
        [$algorithm, $announced] = $this->announced($item);
        $digest = $this->digest($algorithm, $part);
        if (!$digest || $digest[1] !== (int)$item['length'] || $digest[0] !== $announced) {
            $this->drop($part, true);
            throw new carry_problem('damaged', 'what came is not what was announced', ['length' => $digest[1] ?? 0]);
        }
        $this->make(dirname($place));
        if (!@rename($part, $place)) {
            throw $this->failed("cannot rename to `$place`");
        }
        // The lock goes only now, so that whoever gets it finds the content.
        if ($content) {
            $this->link_content($item['hash'], $place, true);
        }
        $this->drop($part, false);
    }

    /**
     * Takes a file that lies here, instead of its bytes: linked where that can be, else copied; verified in any case.
     *
     * @param array $head item, from (the file), and root: no part below it may be a link
     */
    private function do_take(array $head): void {
        $item = $head['item'];
        [$place, $part] = $this->place($item);
        $from = ($head['path'] ?? '') === '' ? (string)$head['root'] : $this->below((string)$head['root'], (string)$head['path']);
        $opened = $this->open_plain($from);
        if (!$opened) {
            throw new carry_problem('lost', "`$from` is not there");
        }
        fclose($opened[0]);
        // Aside, for what is being brought stays locked by its own file.
        $aside = $this->unit . '/taken';
        @unlink($aside);
        error_clear_last();
        if (!@link($from, $aside)) {
            error_clear_last();
            if (!@copy($from, $aside)) {
                $problem = $this->failed("cannot copy `$from`");
                @unlink($aside);
                throw disk_free_space($this->staging) < $opened[1]['size'] ? $this->full() : $problem;
            }
        }
        $this->arrived($item, $place, $aside);
        $this->drop($part, true);
        $this->send(['whole' => true]);
    }

    /**
     * Takes files out of the mbz that came. Where each of them lies was found by whoever read it to its end; no header of it is read here.
     *
     * @param array $head items: path, offset (in what the mbz unpacks to), length, sha256 or sha1; in the order of their offsets
     */
    private function do_unpack(array $head): void {
        if (!function_exists('gzopen')) {
            throw new carry_problem('unfit', 'PHP has no zlib there, without which no mbz can be taken apart');
        }
        foreach ($head['items'] as $item) {
            $this->unpack($item);
        }
        $this->send(['unpacked' => count($head['items'])]);
    }

    /**
     * Takes one file out of the mbz.
     *
     * @param array $item path, offset, length, sha256 or sha1
     */
    private function unpack(array $item): void {
        [$place, $part] = $this->place(['path' => (string)$item['path']]);
        $from = $this->archive_at((int)$item['offset']);
        $this->make(dirname($part));
        error_clear_last();
        $this->open[$part] = @fopen($part, 'wb');
        if (!$this->open[$part]) {
            unset($this->open[$part]);
            throw $this->failed("cannot write `$part`");
        }
        stream_set_write_buffer($this->open[$part], 0);
        try {
            for ($left = (int)$item['length']; $left > 0; $left -= strlen($piece)) {
                $piece = @gzread($from, min(1048576, $left));
                if ($piece === false || $piece === '') {
                    break;
                }
                $this->write($this->open[$part], $piece, $part);
            }
        } catch (carry_problem $problem) {
            $this->drop($part, true);
            throw $problem;
        }
        // What the mbz has too little of, or otherwise, is found there.
        $this->arrived($item, $place, $part);
    }

    /**
     * The mbz that came, unpacked, from an offset on.
     *
     * @param int $offset
     * @return resource
     */
    private function archive_at(int $offset) {
        if (!$this->archive || gztell($this->archive) > $offset) {
            $path = $this->unit . '/backup.mbz';
            $opened = $this->open_plain($path);
            if (!$opened) {
                throw new carry_problem('gone', "`$path` went away");
            }
            fclose($opened[0]);
            $this->archive = @gzopen($path, 'rb') ?: null;
            if (!$this->archive) {
                throw $this->failed("cannot read `$path`");
            }
        }
        // What is between two files: headers, and what fills up their blocks. After a kill, all that was taken out before.
        while (($between = $offset - gztell($this->archive)) > 0) {
            $read = @gzread($this->archive, min(1048576, $between));
            if ($read === false || $read === '') {
                throw new carry_problem('damaged', 'the mbz ends too early');
            }
        }
        return $this->archive;
    }

    /**
     * Keeps which contents the unit wants: what another unit releases is kept for it.
     *
     * @param array $head hashes, first (whether it begins anew)
     */
    private function do_want(array $head): void {
        $lines = implode("\n", array_map([$this, 'hash'], $head['hashes'])) . "\n";
        $lock = $this->gate();
        if (@file_put_contents($this->unit . '/wants', $lines, $head['first'] ? 0 : FILE_APPEND) !== strlen($lines)) {
            throw $this->failed('cannot write what is wanted');
        }
        fclose($lock);
        $this->send(['wanted' => true]);
    }

    /**
     * Waits for the lock of the whole staging place, which is held for moments.
     *
     * @return resource
     */
    private function gate() {
        $gate = @fopen($this->staging . '/gate', 'c+b');
        if (!$gate || !flock($gate, LOCK_EX)) {
            throw $this->failed('cannot lock the staging place');
        }
        return $gate;
    }

    /**
     * Ends a unit: replaces `moodle_backup.xml` by one that says that its contents are with it, and brings everything to disk.
     *
     * @param array $head carried (kept beside it), replace (whether the body is the new `moodle_backup.xml`), only (paths that may be there)
     * @param string $body the new one, in pieces of which this is the last
     */
    private function do_finish(array $head, string $body): void {
        if (!empty($head['replace'])) {
            $aside = $this->unit . '/moodle_backup.xml';
            if (@filesize($aside) !== (int)$head['length'] || !@rename($aside, $this->unit . '/backup/moodle_backup.xml')) {
                throw $this->failed('cannot replace moodle_backup.xml');
            }
        }
        @rmdir($this->unit . '/parts');
        // One call for the whole file system instead of one for each of thousands of files.
        exec('sync -f ' . escapeshellarg($this->unit) . ' 2>/dev/null', $output, $status);
        $text = json_encode($head['carried'], JSON_UNESCAPED_SLASHES);
        $aside = $this->unit . '/carried.new';
        $handle = @fopen($aside, 'wb');
        if (!$handle || fwrite($handle, $text) !== strlen($text) || !fsync($handle) || !fclose($handle)
                || !@rename($aside, $this->unit . '/carried.json')) {
            throw $this->failed('cannot write down that the backup came');
        }
        // Nobody wants it any more once it is taken apart.
        @unlink($this->unit . '/backup.mbz');
        $this->send(['finished' => true, 'synced' => $status === 0]);
    }

    /**
     * Writes a piece of the new `moodle_backup.xml` aside.
     *
     * @param array $head first
     * @param string $body the piece
     */
    private function do_aside(array $head, string $body): void {
        $aside = $this->unit . '/moodle_backup.xml';
        if (@file_put_contents($aside, $body, $head['first'] ? 0 : FILE_APPEND) !== strlen($body)) {
            throw $this->failed("cannot write `$aside`");
        }
        $this->send(['taken' => strlen($body)]);
    }

    /**
     * Removes files of the backup that are not announced: of an earlier one.
     *
     * @param array $head keep (whether the mbz stays)
     */
    private function do_anew(array $head): void {
        foreach (['backup', 'parts'] as $directory) {
            $this->remove($this->unit . '/' . $directory);
        }
        @unlink($this->unit . '/carried.json');
        if (empty($head['keep'])) {
            @unlink($this->unit . '/backup.mbz');
        }
        $this->make($this->unit . '/backup');
        $this->send(['anew' => true]);
    }

    /**
     * The structure of the backup that came.
     *
     * @param array $head none
     */
    private function do_came(array $head): void {
        $this->do_list(['root' => $this->unit . '/backup']);
    }

    /**
     * Removes a directory with all that is in it. Links are removed, not followed.
     *
     * @param string $path where
     */
    private function remove(string $path): void {
        if (is_link($path) || is_file($path)) {
            if (!@unlink($path)) {
                throw $this->failed("cannot remove `$path`");
            }
            return;
        }
        foreach (array_diff(@scandir($path) ?: [], ['.', '..']) as $name) {
            $this->remove("$path/$name");
        }
        if (is_dir($path) && !@rmdir($path)) {
            throw $this->failed("cannot remove `$path`");
        }
    }

    /**
     * Removes what is staged of a unit, and contents that no other unit wants.
     *
     * @param array $head staging, key
     */
    private function do_release(array $head): void {
        $this->set_staging($head);
        $unit = $this->unit((string)$head['key']);
        if (!is_dir($unit)) {
            $this->send(['released' => false]);
            return;
        }
        $lock = $this->lock("$unit/lock");
        if (!$lock) {
            throw new carry_problem('busy', 'another process works on this unit');
        }
        $gate = $this->gate();
        $own = $this->wants($unit);
        $this->remove($unit);
        foreach (array_diff(scandir($this->staging . '/units'), ['.', '..']) as $other) {
            $own = array_diff_key($own, $this->wants($this->staging . '/units/' . $other));
        }
        foreach (array_keys($own) as $hash) {
            [$place, $part] = $this->place(['hash' => (string)$hash]);
            @unlink($place);
            $handle = is_file($part) ? $this->lock($part) : null;
            if ($handle) {
                @unlink($part);
                fclose($handle);
            }
        }
        fclose($gate);
        fclose($lock);
        $this->send(['released' => true]);
    }

    /**
     * What a unit wants.
     *
     * @param string $unit its directory
     * @return array hashes are the keys
     */
    private function wants(string $unit): array {
        $lines = @file("$unit/wants", FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES);
        return array_flip($lines ?: []);
    }

    /**
     * Removes all that is staged.
     *
     * @param array $head staging
     */
    private function do_clear(array $head): void {
        $this->set_staging($head);
        $gate = $this->gate();
        foreach (array_diff(scandir($this->staging . '/units'), ['.', '..']) as $key) {
            $lock = $this->lock($this->unit($key) . '/lock');
            if (!$lock) {
                throw new carry_problem('busy', "another process works on `$key`");
            }
            $this->remove($this->unit($key));
            fclose($lock);
        }
        $this->remove($this->staging . '/contents');
        $this->remove($this->staging . '/units');
        unlink($this->staging . '/gate');
        fclose($gate);
        @rmdir($this->staging);
        $this->send(['cleared' => true]);
    }
}

(new carry_end())->run();
