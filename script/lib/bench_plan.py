"""Measures plans with nothing to do. `script/bench plan` calls it: `measure WORK ENGINE SITES RUNS PROFILE`, then `tell WORK COMMIT RUNS`."""

import concurrent.futures
import glob
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time

# As many connections as a command of Provost has at most to one server: the bare reads may have them too.
CONNECTIONS = 24

QUESTION = """select 'core', name::text, value from mdl_config where name in ('version', 'release')
 union all select plugin::text, name::text, value from mdl_config_plugins where plugin = 'provost';"""


class Fleet:
    def __init__(self, work, engine):
        self.work, self.engine, self.at = work, engine, f"{work}/{engine}"
        # The fleet of the other engine has a directory too; no server listens in it any more.
        socket = {"postgresql": ".s.PGSQL.5432", "mariadb": "mariadb.sock"}[engine]
        (self.sockets,) = (os.path.dirname(path) for path in glob.glob(f"{work}/run/provost/*/main/{socket}"))
        with open(f"{self.at}/state/keep/secrets/server-main-admin") as file:
            self.password = file.read().strip()

    def ask(self, query):
        """What the server says to its administrator, as text."""
        environment = dict(os.environ, PGPASSWORD=self.password)
        if self.engine == "postgresql":
            command = ["psql", "-h", self.sockets, "-U", "provost", "-d", "postgres", "-XAtc", query]
        else:
            with open(f"{self.work}/ask.cnf", "w") as file:
                file.write(f'[client]\nuser = provost\npassword = "{self.password}"\n')
            command = ["mariadb", f"--defaults-file={self.work}/ask.cnf", f"--socket={self.sockets}/mariadb.sock",
                       "--skip-column-names", "--batch", "-e", query]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    def written(self):
        """What changes when anything is written into a database: the next transaction, or the statements that write."""
        if self.engine == "postgresql":
            return self.ask("select pg_snapshot_xmax(pg_current_snapshot())")
        names = ["insert", "update", "delete", "replace", "create_db", "create_table", "alter_db", "alter_table", "grant",
                 "create_user", "drop_db", "drop_table"]
        rows = [line.split() for line in self.ask("show global status like 'Com\\_%'").splitlines()]
        return [row for row in rows if row[0].removeprefix("Com_") in names]

    def connections(self):
        if self.engine == "postgresql":
            return int(self.ask("select count(*) from pg_stat_activity where application_name = 'provost'"))
        return int(self.ask("select count(*) - 1 from information_schema.processlist where command <> 'Daemon'"))

    def files(self):
        """Every file of the fleet with its time, but for the servers' own and the registry, which keeps when what was seen."""
        found = {}
        for directory, names, files in os.walk(self.at):
            names[:] = [name for name in names if not (directory.endswith("/state/data") and name == "servers")]
            for name in files:
                if not name.startswith("registry.sqlite"):
                    path = os.path.join(directory, name)
                    status = os.lstat(path)
                    found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def plan(self):
        """Seconds, of them those at work in Provost itself, and what came."""
        worked = self.worked()
        begun = time.monotonic()
        done = subprocess.run([f"{self.work}/provost", "--quiet", "--json", "plan", "--detailed-exitcode"], cwd=self.at,
                              capture_output=True)
        took = time.monotonic() - begun
        if done.returncode != 0:
            sys.exit(f"the plan is not empty ({done.returncode}): {done.stdout.decode()[:2000]} {done.stderr.decode()[:2000]}")
        return took, self.worked() - worked, done.stdout

    def worked(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def server_worked(self):
        """Seconds that the server has worked: all sessions that have ended, and what runs on."""
        name = "postmaster.pid" if self.engine == "postgresql" else "mariadbd.pid"
        (pid_file,) = glob.glob(f"{self.at}/state/data/servers/main/**/{name}", recursive=True)
        with open(pid_file) as file:
            pid = file.readline().strip()
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def bare(self):
        """psql asks each database the same question as the site's own role."""
        lanes = [[] for _ in range(CONNECTIONS)]
        for number, path in enumerate(sorted(glob.glob(f"{self.at}/state/keep/secrets/site-*-database"))):
            site = os.path.basename(path).removeprefix("site-").removesuffix("-database")
            with open(path) as file:
                password = file.read().strip()
            name = f"bench_{site}"
            lanes[number % CONNECTIONS].append(
                f'\\c "host={self.sockets} dbname={name} user={name} password={password}"\n{QUESTION}\n')
        begun = time.monotonic()

        def lane(script):
            environment = dict(os.environ, PGPASSWORD=self.password)
            command = ["psql", "-h", self.sockets, "-U", "provost", "-d", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1"]
            done = subprocess.run(command, env=environment, input="".join(script), capture_output=True, text=True, check=True)
            return done.stdout.count("provost|tree|")

        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            answers = sum(pool.map(lane, [one for one in lanes if one]))
        return time.monotonic() - begun, answers


def most_connections(fleet):
    """The most connections during a plan, looked at as often as a client can."""
    most, ended = 0, threading.Event()

    def watch():
        nonlocal most
        while not ended.is_set():
            most = max(most, fleet.connections())

    watcher = threading.Thread(target=watch)
    watcher.start()
    fleet.plan()
    ended.set()
    watcher.join()
    return most


def measure(work, engine, sites, runs, profile):
    fleet = Fleet(work, engine)
    first, _, text = fleet.plan()
    if profile:
        subprocess.run([*profile.split(), f"{work}/provost", "--quiet", "plan"], cwd=fleet.at, check=True)
    files, written = fleet.files(), fleet.written()
    server = fleet.server_worked()
    took, own, texts, bare = [], [], {text}, []
    for _ in range(runs):
        seconds, worked, text = fleet.plan()
        took.append(seconds)
        own.append(worked)
        texts.add(text)
    server = (fleet.server_worked() - server) / runs
    written_after, files_after = fleet.written(), fleet.files()
    nothing_written = written_after == written and files_after == files
    if not nothing_written:
        changed = [path for path in files.keys() | files_after.keys() if files.get(path) != files_after.get(path)]
        statements = [row for row in written_after if row not in written]
        print(f"{engine}: written: {sorted(changed)[:9]} {statements}", file=sys.stderr)
        for path in changed:
            if path.endswith(".log") and path in files and path in files_after:
                with open(path, errors="replace") as file:
                    file.seek(files[path][1])
                    print(file.read(2000), file=sys.stderr)
    if engine == "postgresql":
        for _ in range(runs):
            seconds, answers = fleet.bare()
            assert answers == sites, f"{answers} of {sites} databases answered"
            bare.append(seconds)
    result = {
        "engine": engine, "sites": sites, "seconds": took, "own": own, "server": server, "first": first, "bare": bare,
        "same_bytes": len(texts) == 1, "nothing_written": nothing_written, "connections": most_connections(fleet),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1),
    }
    print(f"{engine}: {sites} sites: plan {statistics.median(took):.2f} s ({statistics.median(own):.2f} s of its own,"
          f" {server:.2f} s of the server's), the first {first:.2f} s,"
          f" bare reads {statistics.median(bare) if bare else 0:.2f} s, {result['connections']} connections", file=sys.stderr)
    if not (result["same_bytes"] and nothing_written):
        print(f"{engine}: same bytes: {result['same_bytes']}, nothing written: {nothing_written}", file=sys.stderr)
    with open(f"{work}/results", "a") as file:
        file.write(json.dumps(result) + "\n")


def tell(work, commit, runs):
    with open(f"{work}/results") as file:
        results = [json.loads(line) for line in file]
    median = statistics.median
    figures, spread = {}, {}
    for one in results:
        name = f"noop_seconds_{one['sites']}_{one['engine']}"
        figures[name] = round(median(one["seconds"]), 3)
        spread[name] = [round(min(one["seconds"]), 3), round(max(one["seconds"]), 3)]
    for one in {one["engine"]: one for one in results}.values():
        figures[f"server_cpu_seconds_{one['sites']}_{one['engine']}"] = round(one["server"], 3)
        if one["bare"]:
            figures[f"vs_bare_reads_{one['engine']}"] = round(median(one["seconds"]) / median(one["bare"]), 3)
    most = max(results, key=lambda one: one["sites"])
    figures[f"noop_seconds_{most['sites']}"] = round(median(most["seconds"]), 3)
    figures[f"own_cpu_seconds_{most['sites']}"] = round(median(most["own"]), 3)
    figures["connections"] = max(one["connections"] for one in results)
    figures["peak_mb"] = most["peak_mb"]
    filesystem = subprocess.run(["stat", "-f", "-c", "%T", work], capture_output=True, text=True, check=True).stdout.strip()
    print(json.dumps({
        "bench": "plan", "on": "the stand-in; tables as long as those of Moodle 5.0", "commit": commit, "cores": os.cpu_count(),
        "filesystem": filesystem, "runs": runs, "figures": figures, "spread": spread,
        "same_bytes": all(one["same_bytes"] for one in results), "nothing_written": all(one["nothing_written"] for one in results),
    }))


match sys.argv[1:]:
    case ["measure", work, engine, sites, runs, profile]:
        measure(work, engine, int(sites), int(runs), profile)
    case ["tell", work, commit, runs]:
        tell(work, commit, int(runs))
    case _:
        sys.exit(__doc__)
