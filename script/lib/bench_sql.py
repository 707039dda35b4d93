"""Measures one question to many databases. `script/bench sql` calls it: `measure WORK ENGINE SITES RUNS`, then `tell WORK SITES RUNS COMMIT`."""

import glob
import json
import os
import statistics
import subprocess
import sys
import time

QUESTION = "select count(*) as settings from {config}"


def timed(command, **options):
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, **options)
    took = time.monotonic() - begun
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed ({done.returncode}): {done.stderr[:2000]}")
    return took, done.stdout


def client(work, engine, sockets, password):
    """What asks one database, but for its name, and the surroundings that it needs."""
    question = QUESTION.replace("{config}", "mdl_config")
    if engine == "postgresql":
        return f"psql -h {sockets} -U provost -XAtc '{question}' -d", dict(os.environ, PGPASSWORD=password)
    with open(f"{work}/ask.cnf", "w") as file:
        file.write(f'[client]\nuser = provost\npassword = "{password}"\n')
    command = f"mariadb --defaults-file={work}/ask.cnf --socket={sockets}/mariadb.sock -N -B -e '{question}' -D"
    return command, dict(os.environ)


def measure(work, engine, sites, runs):
    at = f"{work}/{engine}"
    socket = {"postgresql": ".s.PGSQL.5432", "mariadb": "mariadb.sock"}[engine]
    (sockets,) = (os.path.dirname(path) for path in glob.glob(f"{work}/run/provost/*/main/{socket}"))
    with open(f"{at}/state/keep/secrets/server-main-admin") as file:
        password = file.read().strip()
    listed = subprocess.run([f"{work}/provost", "--json", "sql", QUESTION], cwd=at, capture_output=True, text=True)
    answers = {row["site"]: int(row["done"]["rows"][0][0]) for row in json.loads(listed.stdout)["sites"]}
    if len(answers) != sites:
        sys.exit(f"{len(answers)} sites answered, not {sites}")
    names = "".join(f"bench_{site.replace('-', '_')}\n" for site in answers)
    ask, environment = client(work, engine, sockets, password)
    own, loop, eight = [], [], []
    for _ in range(runs):
        took, _ = timed([f"{work}/provost", "--quiet", "sql", QUESTION], cwd=at)
        own.append(took)
        script = f'while read -r name; do {ask} "$name"; done'
        took, said = timed(["bash", "-c", script], input=names, env=environment)
        if sorted(map(int, said.split())) != sorted(answers.values()):
            sys.exit("the loop has other answers")
        loop.append(took)
        took, said = timed(["bash", "-c", f"xargs -P8 -n1 {ask}"], input=names, env=environment)
        if sorted(map(int, said.split())) != sorted(answers.values()):
            sys.exit("xargs has other answers")
        eight.append(took)
        print(f"{engine}: {own[-1]:.2f} s, loop {loop[-1]:.2f} s, xargs -P8 {eight[-1]:.2f} s", file=sys.stderr)
    figures = {
        "sql_seconds": statistics.median(own),
        "vs_psql_loop": statistics.median(a / b for a, b in zip(own, loop)),
        "vs_xargs8": statistics.median(a / b for a, b in zip(own, eight)),
    }
    with open(f"{work}/{engine}.json", "w") as file:
        json.dump(figures, file)


def tell(work, sites, runs, commit):
    figures = {}
    for engine in ("postgresql", "mariadb"):
        if os.path.exists(f"{work}/{engine}.json"):
            with open(f"{work}/{engine}.json") as file:
                found = json.load(file)
            end = "" if engine == "postgresql" else "_mariadb"
            figures.update({name + end: round(value, 3) for name, value in found.items()})
    print(json.dumps({"bench": "sql", "on": "the stand-in's sites, a managed server", "commit": commit, "cores": os.cpu_count(),
                      "sites": sites, "runs": runs, "figures": figures}))


if sys.argv[1] == "measure":
    measure(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
else:
    tell(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
