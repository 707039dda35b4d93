<?php
// Tries to get at another site, as whoever runs it: what a plugin could do that somebody uploaded, or a hole in one. It is told by
// its standard input where to look. One line for each try, with a tab before what came of it: "refused", or "GOT" and a piece of it.

ini_set('display_errors', '0');
set_error_handler(fn() => true);
mysqli_report(MYSQLI_REPORT_OFF);
$tries = json_decode(file_get_contents('php://input'), true);

function told(string $what, mixed $got): void {
    // A row of nothing is an answer without content, as MariaDB's of a file that it may not read.
    $content = is_array($got) ? array_filter($got, fn($one) => $one !== null) : $got;
    $refused = in_array($content, [false, null, '', []], true);
    $piece = is_string($got) ? $got : json_encode($got);
    echo $what, "\t", $refused ? 'refused' : 'GOT ' . substr(preg_replace('/[^ -~]+/', ' ', $piece), 0, 300), "\n";
}

foreach ($tries['files'] as $file) {
    told("read $file", file_get_contents($file, false, null, 0, 200));
    told("shell $file", shell_exec('cat ' . escapeshellarg($file) . ' 2>/dev/null'));
    told("include $file", (function() use ($file) {
        ob_start();
        $got = include($file);
        return $got === false ? ob_get_clean() : $got . ob_get_clean();
    })());
    told("append $file", fopen($file, 'a') !== false);
    told("chmod $file", chmod($file, 0666));
    told("link $file", link($file, sys_get_temp_dir() . '/linked'));
}
foreach ($tries['directories'] as $directory) {
    told("list $directory", scandir($directory));
    told("shell $directory", shell_exec('ls -A ' . escapeshellarg($directory) . ' 2>/dev/null'));
    told("write $directory", file_put_contents("$directory/planted", 'planted'));
    told("rename $directory", rename($directory, "$directory-away"));
}
foreach ($tries['sockets'] as $socket) {
    told("connect $socket", stream_socket_client("unix://$socket", $code, $why, 2) !== false);
}
foreach ($tries['processes'] as $process) {
    foreach (['environ', 'mem', 'maps'] as $what) {
        told("read /proc/$process/$what", file_get_contents("/proc/$process/$what", false, null, 0, 100));
    }
    told("list /proc/$process/fd", scandir("/proc/$process/fd"));
    told("signal $process", posix_kill((int) $process, 0));
}
// The memory that all pools share: what one has cached of its settings lies there.
told('open /proc/self/mem', fopen('/proc/self/mem', 'r') !== false);
told('opcache_reset', function_exists('opcache_reset'));
foreach ($tries['postgresql'] as [$login, $statements]) {
    $connection = pg_connect($login . ' connect_timeout=5');
    told("log in $login", $connection !== false);
    foreach ($connection ? $statements : [] as $statement) {
        $result = pg_query($connection, $statement);
        told($statement, $result === false ? false : (pg_num_fields($result) ? array_merge([], ...pg_fetch_all($result, PGSQL_NUM)) : 'done'));
    }
}
foreach ($tries['mariadb'] as [$login, $statements]) {
    $connection = mysqli_connect('localhost', $login['user'], $login['password'], $login['database'], 0, $login['socket']);
    told("log in {$login['user']} {$login['database']}", $connection !== false);
    foreach ($connection ? $statements : [] as $statement) {
        $result = mysqli_query($connection, $statement);
        told($statement, $result instanceof mysqli_result ? array_merge([], ...$result->fetch_all()) : $result);
    }
}
