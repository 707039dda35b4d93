<?php
// The configuration of every Moodle of this fleet: the same in every build. Provost made it; nothing here is to be
// edited. What differs between sites is in one small file per site, and this finds it:
//
//   web            by the host name, through the symbolic link  ../../hosts/HOST
//                  or, where sites share a host, by the path too ../../hosts/HOST+SEGMENT
//   command line   by the environment's PROVOST_SITE, through   ../../sites/SITE/site.php
//
// The links are read, not followed: PHP remembers for minutes where a link led, but readlink() is one system call and
// always true. A changed site has a file of a new name, so it takes effect with the next request.

global $CFG;

// Moodle includes this file in mid-run too, inside functions: everything is there already.
if (defined('PROVOST_SITE')) {
    return;
}

// The way of nearly every page is short and calls little: what a request calls has to be brought back into the processor's caches, which
// costs more than what it does. Nothing becomes part of a path before it was looked at; a path without dots is found sooner.
if (PHP_SAPI !== 'cli') {
    $host = $_SERVER['HTTP_HOST'] ?? '';
    if ($host !== '' && strspn($host, 'abcdefghijklmnopqrstuvwxyz0123456789_-.') === strlen($host)) {
        $target = (string) @readlink(dirname(__DIR__, 2) . "/hosts/$host");
        if (strpos($target, '../sites/') === 0) {
            $CFG = @include(dirname(__DIR__, 2) . substr($target, 2));
            if (is_array($CFG)) {
                $target = substr($target, 9, strpos($target, '/', 9) - 9);
                define('PROVOST_SITE', $target);
                // Moodle starts PHP on the command line by itself ("Run now" of a task): that process must find the same site.
                putenv("PROVOST_SITE=$target");
                $CFG = (object) $CFG;
            }
        }
    }
    unset($host, $target);
}

// Every other way, in a function of its own.
defined('PROVOST_SITE') || (static function (): void {
    global $CFG;

    $cli = PHP_SAPI === 'cli';
    $made = dirname(__DIR__, 2);
    $site = $settings = $link = null;
    if ($cli) {
        $name = (string) getenv('PROVOST_SITE');
        if (preg_match('/^[a-z][a-z0-9_-]{0,39}$/D', $name)) {
            $site = $name;
            $link = "$made/sites/$name/site.php";
        }
    } else {
        $pattern = '/^([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*+)\.?(?::[0-9]{1,5})?$/D';
        if (preg_match($pattern, strtolower($_SERVER['HTTP_HOST'] ?? ''), $match) && strlen($match[1]) <= 253) {
            $link = "$made/hosts/$match[1]";
        }
    }

    // Twice at most: a file that was replaced between the two steps has a successor.
    for ($attempt = 0; $attempt < 2 && $link !== null && !is_array($settings); $attempt++) {
        $target = (string) @readlink($link);
        // No site has the whole host. What the web server runs, not what the browser wrote, says the path that the site is below.
        if ($target === '' && !$cli
                && preg_match('~^/([a-z0-9][a-z0-9_-]{0,39})/~', (string) ($_SERVER['SCRIPT_NAME'] ?? ''), $match)) {
            $target = (string) @readlink("$link+$match[1]");
        }
        if (!preg_match('~^(?:\.\./sites/([a-z][a-z0-9_-]{0,39})/)?(site-[0-9a-z]{1,128}\.php)$~D', $target, $match)) {
            $link = null;
        } else if ($match[1] === '' && $site === null) {
            $link = null;
        } else {
            $site = $match[1] === '' ? $site : $match[1];
            $settings = @include "$made/sites/$site/$match[2]";
        }
    }

    if (!is_array($settings)) {
        $known = $link !== null;
        if ($cli) {
            // An exit status of its own: a text given to exit() would end the script with 0, as if all were well.
            if ($known) {
                $message = "PROVOST_SITE: the configuration of site '$site' cannot be read; run this as the site's user";
            } else if ($site !== null) {
                $message = "PROVOST_SITE: there is no site '$site' here";
            } else {
                $message = 'PROVOST_SITE: name the site to work on, as in PROVOST_SITE=hugo php admin/cli/cron.php';
            }
            file_put_contents('php://stderr', "$message\n");
            exit(64);
        }
        http_response_code($known ? 503 : 404);
        header('Content-Type: text/plain; charset=utf-8');
        header('Cache-Control: no-store');
        echo $known ? "This site is not available at the moment.\n" : "There is no site at this address.\n";
        exit(1);
    }

    define('PROVOST_SITE', $site);
    if (!$cli) {
        putenv("PROVOST_SITE=$site");
    }
    $CFG = (object) $settings;
})();

// Where the code is in public/, as from Moodle 5.1 on, Provost wrote that path here.
require_once __DIR__ . '/lib/setup.php';
