"""Kills and judges an archive session of two real sites: see script/campaign.d/archive-kills, which has made them."""

import collections
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

seed, count, courses, every = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
commit, moodle = sys.argv[5], sys.argv[6]
work, provost = os.environ["work"], os.environ["provost"]
dice = random.Random(seed)

# What is counted of every course, besides the census of the session itself: by SQL, so that a fault of the census is not its own judge.
COUNTS = {
    "activities": "select count(*) from mdl_course_modules m where m.course = c.id and m.deletioninprogress = 0",
    "sections": "select count(*) from mdl_course_sections s where s.course = c.id",
    "enrolled": "select count(*) from mdl_user_enrolments u join mdl_enrol e on e.id = u.enrolid where e.courseid = c.id",
    "grades": "select count(*) from mdl_grade_grades g join mdl_grade_items i on i.id = g.itemid where i.courseid = c.id"
              " and g.finalgrade is not null",
    "sum of grades": "select round(coalesce(sum(g.finalgrade), 0), 3) from mdl_grade_grades g join mdl_grade_items i on i.id = g.itemid"
                     " where i.courseid = c.id",
    "posts": "select count(*) from mdl_forum_posts p join mdl_forum_discussions d on d.id = p.discussion where d.course = c.id",
    "text of posts": "select md5(coalesce(string_agg(md5(p.message), '' order by md5(p.message)), '')) from mdl_forum_posts p"
                     " join mdl_forum_discussions d on d.id = p.discussion where d.course = c.id",
    "submissions": "select count(*) from mdl_assign_submission s join mdl_assign a on a.id = s.assignment where a.course = c.id",
    "attempts": "select count(*) from mdl_quiz_attempts t join mdl_quiz q on q.id = t.quiz where q.course = c.id and t.preview = 0",
    "completion": "select count(*) from mdl_course_modules_completion x join mdl_course_modules m on m.id = x.coursemoduleid"
                  " where m.course = c.id",
    "files": "select count(*) || ' ' || md5(coalesce(string_agg(f.contenthash || f.filepath || f.filename, ''"
             " order by f.contenthash, f.filepath, f.filename), '')) from mdl_files f join mdl_context x on x.id = f.contextid"
             " join mdl_context top on top.contextlevel = 50 and top.instanceid = c.id"
             " where (x.path = top.path or x.path like top.path || '/%') and f.filename <> '.' and f.component <> 'backup'",
}


def sql(site, query):
    return subprocess.run(["bash", "-c", 'sql "$1" "$2"', "sql", site, query], check=True, capture_output=True, text=True).stdout


def counted(site):
    columns = ", ".join(f"'{name}', ({query})" for name, query in COUNTS.items())
    rows = sql(site, f"select c.shortname, json_build_object({columns}) from mdl_course c where c.id > 1 order by 1")
    return {line.split("|", 1)[0]: json.loads(line.split("|", 1)[1]) for line in rows.splitlines()}


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found]


def status():
    told = subprocess.run([provost, "--json", "archive", "status", "--units"], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)["sessions"][0]


log = open(f"{work}/session.log", "a")


def run(*arguments):
    return subprocess.Popen([provost, "archive", *arguments], stdout=log, stderr=log, start_new_session=True)


kills = collections.Counter()


def killed_until_the_end(first, most):
    """Runs the session to its end, killing what works on it at most so many times."""
    process = run(*first)
    broken = 0
    while True:
        left = most - sum(kills.values())
        try:
            process.wait(dice.uniform(0.3, every) if left > 0 else None)
        except subprocess.TimeoutExpired:
            agents = children(process.pid)
            # Of three kills one hits PHP alone, whose worker has to notice; one the worker; one the worker and all that it started.
            kind = dice.choice(["agent", "worker", "both"]) if agents else "worker"
            if kind in ("agent", "both"):
                for agent in agents if kind == "both" else [dice.choice(agents)]:
                    try:
                        os.kill(agent, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            if kind in ("worker", "both"):
                process.kill()
                process.wait()
                process = run("run")
            kills[kind] += 1
            continue
        if process.returncode == 0:
            return
        if process.returncode == 1 and broken < kills["agent"] + kills["both"]:
            # Its PHP was killed before there was a unit that could be tried again: whoever called it calls it again.
            broken += 1
            process = run("run")
            continue
        parked = [unit for unit in status()["listed"] if unit["state"] in ("parked", "stuck")]
        if not parked or not all("died" in unit["error"] for unit in parked):
            raise SystemExit(f"the session ended with {process.returncode}: {json.dumps(parked, indent=1)}; see {work}/session.log")
        # An agent that died three times, or a worker five times, over one phase parks a course, and a person tries it again.
        kills_parked.extend(unit["label"] for unit in parked)
        subprocess.run([provost, "archive", "retry", "--failed"], check=True, stdout=log, stderr=log)
        process = run("run")


kills_parked = []
findings = []
before = counted("hugo")
if len(before) != courses:
    raise SystemExit(f"{len(before)} courses were made, not {courses}")
begun = time.time()
# Whoever is killed before the session is noted has begun none, and begins anew: that is tried in the scripted world.
subprocess.run([provost, "archive", "start", "kills", "--no-run"], check=False, stdout=log, stderr=log)
killed_until_the_end(["run"], count * 4 // 5)
for unit in (unit for unit in status()["listed"] if unit["state"] != "skipped"):
    if not unit["proved"] or unit["phase"] != "delete":
        findings.append(f"not proven: {unit['label']} is in {unit['phase']}, {unit['state']}: {unit['error']}")
hidden = sql("hugo", "select count(*) from mdl_course where id > 1 and visible = 0").strip()
if hidden != str(courses):
    findings.append(f"{hidden} originals are hidden, not {courses}")


def compared(when):
    source, target = before, counted("zola")
    for name in sorted(source.keys() | target.keys()):
        if source.get(name) != target.get(name):
            findings.append(f"{when}: {name} was {source.get(name)} and is {target.get(name)}")


compared("after the proof")
if counted("hugo") != before:
    findings.append("the originals have changed before they were approved")
subprocess.run([provost, "archive", "approve", "--all"], check=True, stdout=log, stderr=log)
killed_until_the_end(["run"], count)
compared("after the deletion")
left = counted("hugo")
if left:
    findings.append(f"originals that were not deleted: {sorted(left)}")

# What the registry has noted: one receipt for each deletion, and no phase that ended twice.
registry = sqlite3.connect(f"file:{work}/state/keep/registry.sqlite?mode=ro", uri=True)
ended = registry.execute("select unit, from_phase, count(*) from event where kind in ('finished', 'proved') group by 1, 2").fetchall()
findings += [f"phase {phase} of unit {unit} ended {times} times" for unit, phase, times in ended if times != 1]
receipts = registry.execute("select count(*) from receipt").fetchone()[0]
done = registry.execute("select count(*) from unit where phase = 'delete' and state = 'done'").fetchone()[0]
if (receipts, done) != (courses, courses):
    findings.append(f"{done} units are done and {receipts} have receipts, of {courses}")
subprocess.run([provost, "archive", "export", "--to", f"{work}/receipts"], check=True, stdout=log, stderr=log)
key = open(f"{work}/receipts/key.txt").read().strip()
for receipt in sorted(os.listdir(f"{work}/receipts")):
    if receipt.endswith(".json"):
        verified = subprocess.run([provost, "archive", "receipt", "verify", f"{work}/receipts/{receipt}", "--key", key], capture_output=True)
        if verified.returncode != 0:
            findings.append(f"{receipt} is not verified: {verified.stderr.decode()}")
# What is left at work, or lies about.
working = subprocess.run(["pgrep", "-f", f"{work}/state/made/sites/.*agent"], capture_output=True, text=True).stdout.split()
if working:
    findings.append(f"agents that are still at work: {working}")
print("\n".join(findings) or "nothing was found", file=sys.stderr)
print(json.dumps({"campaign": "archive-kills", "on": moodle, "commit": commit, "seed": seed, "courses": courses, "kills": dict(kills),
                  "parked_by_kills": len(kills_parked), "receipts": receipts, "seconds": round(time.time() - begun),
                  "findings": len(findings)}))
sys.exit(1 if findings else 0)
