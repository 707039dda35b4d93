#!/usr/bin/env python3
"""What finding a site costs each request: the config.php of a build, in php-fpm, against a plain one.

    hook_cost.py SCRATCH CONFIG_PHP SITE_PHP PHP_FPM

Makes fleets of 10, 100 and 1,000 sites (files only, each like SITE_PHP) around CONFIG_PHP, whose Moodle is empty here, and asks for
pages of sites at random. PHP itself tells how long it takes to include the configuration. Prints JSON: microseconds, the median of
rounds, each with a server of its own: where its memory lies makes a difference of some microseconds.
"""

import json, os, random, re, socket, statistics, struct, subprocess, sys, time

REQUESTS = 700
ROUNDS = 5
SITES = (10, 100, 1000)


def record(kind, content):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def ask(path, script, host):
    """One FastCGI request; returns the body."""
    pairs = {"SCRIPT_FILENAME": script, "REQUEST_METHOD": "GET", "HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"}
    params = b"".join(
        struct.pack("!BB" if len(v) < 128 else "!BI", len(k), len(v) if len(v) < 128 else len(v) | 1 << 31) + k.encode() + v.encode()
        for k, v in pairs.items()
    )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(record(1, struct.pack("!HB5x", 1, 0)) + record(4, params) + record(4, b"") + record(5, b""))
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    body = b""
    while data:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", data[:8])
        if kind == 6:
            body += data[8 : 8 + length]
        data = data[8 + length + padding :]
    return body.split(b"\r\n\r\n", 1)[1].decode()


def fleet(root, config, site, count):
    """A fleet of so many sites, as Provost lays it out. Returns the path of the script that measures."""
    build = f"{root}/made/builds/tree"
    os.makedirs(f"{build}/lib")
    os.makedirs(f"{root}/made/hosts")
    open(f"{build}/config.php", "w").write(config)
    open(f"{build}/lib/setup.php", "w").write("<?php\n")
    for number in range(count):
        directory = f"{root}/made/sites/s{number}"
        os.makedirs(directory)
        name = f"site-{number:016x}.php"
        open(f"{directory}/{name}", "w").write(site.replace("NUMBER", str(number)))
        os.symlink(f"../sites/s{number}/{name}", f"{root}/made/hosts/s{number}.example.org")
    return measuring(root, f"{build}/config.php")


def plain(root, site):
    """A config.php as Moodle's own instructions have it, with the same settings."""
    os.makedirs(f"{root}/lib")
    open(f"{root}/lib/setup.php", "w").write("<?php\n")
    settings = re.sub(r"^<\?php.*?return ", "", site.replace("NUMBER", "0"), flags=re.S)
    lines = subprocess.run(
        ["php", "-r", "foreach ((" + settings.rstrip().rstrip(";") + ") as $k => $v) { echo '$CFG->', $k, ' = ', var_export($v, true), \";\\n\"; }"],
        check=True, capture_output=True, text=True,
    ).stdout
    open(f"{root}/config.php", "w").write(
        "<?php  // Moodle configuration file\nunset($CFG);\nglobal $CFG;\n$CFG = new stdClass();\n" + lines
        + "require_once(__DIR__ . '/lib/setup.php');\n"
    )
    return measuring(root, f"{root}/config.php")


def measuring(root, config):
    script = f"{root}/measure.php"
    open(script, "w").write(
        f"<?php $begun = hrtime(true); require('{config}'); $took = hrtime(true) - $begun; echo $took, ' ', $CFG->wwwroot;\n"
    )
    return script


def main():
    scratch, config, site, fpm = sys.argv[1:]
    config = open(config).read()
    site = re.sub(r"'(dbpass)' => '[^']*'", r"'\1' => 'secret'", open(site).read())
    site = re.sub(r"'wwwroot' => '[^']*'", "'wwwroot' => 'http://sNUMBER.example.org'", site)
    root = os.geteuid() == 0
    scripts = {count: fleet(f"{scratch}/hook{count}", config, site, count) for count in SITES}
    own = plain(f"{scratch}/hook-plain", site)
    subprocess.run(["chmod", "-R", "a+rX", scratch], check=True)
    path = f"{scratch}/hook.sock"
    open(f"{scratch}/hook-fpm.conf", "w").write(
        f"[global]\nerror_log = {scratch}/hook-fpm.log\ndaemonize = no\n[bench]\nlisten = {path}\n"
        + ("user = www-data\ngroup = www-data\n" if root else "")
        + "pm = static\npm.max_children = 1\n"
        "php_admin_value[opcache.memory_consumption] = 128\n"
    )
    settings = {"enable": 1, "validate_permission": 1, "validate_root": 1, "revalidate_freq": 2, "max_accelerated_files": 16000,
                "file_update_protection": 0}
    arguments = [part for name, value in settings.items() for part in ("-d", f"opcache.{name}={value}")]
    command = [fpm, "--nodaemonize", "--fpm-config", f"{scratch}/hook-fpm.conf", *arguments]
    rounds = [one_round(command, path, scripts, own) for _ in range(ROUNDS)]
    print(f"rounds: {rounds}", file=sys.stderr)
    print(json.dumps({count: round(statistics.median(each[count] for each in rounds), 2) for count in SITES}))


def one_round(command, path, scripts, own):
    """Microseconds by the number of sites."""
    server = subprocess.Popen(command)
    try:
        until = time.time() + 20
        while not os.path.exists(path) and time.time() < until:
            time.sleep(0.05)
        figures = {}
        for count, script in scripts.items():
            hosts = [f"s{number}.example.org" for number in range(count)]
            for host in hosts:
                told = ask(path, script, host).split(" ")
                assert told[1] == f"http://{host}", told
            ask(path, own, hosts[0])
            ours, theirs = [], []
            for _ in range(REQUESTS):
                ours.append(int(ask(path, script, random.choice(hosts)).split(" ")[0]))
                theirs.append(int(ask(path, own, hosts[0]).split(" ")[0]))
            figures[count] = round((statistics.median(ours) - statistics.median(theirs)) / 1000, 2)
        return figures
    finally:
        server.terminate()
        server.wait()
        if os.path.exists(path):
            os.unlink(path)


main()
