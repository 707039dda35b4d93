"""Edits twenty sites by hand, and looks whether the program finds that and nothing else. PROVOST DIRECTORY SEED."""

import json
import os
import pwd
import random
import subprocess
import sys

provost, directory, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
chance = random.Random(seed)
GROUPS = {"new": [f"s{number:02}" for number in range(1, 11)], "old": [f"s{number:02}" for number in range(11, 21)]}
VALUES = {
    "core/forcelogin": "1", "core/theme": "classic", "core/maxbytes": "1048576", "core/enablenotes": "0", "core/supportname": "L'Aquila \"x\"",
    "core/docroot": "https://docs.example.org", "core/guestloginbutton": "0", "core/minpasswordlength": "13", "core/timezone": "Europe/Rome",
    "core/smtphosts": "mail.example.org:25", "core/smtppass": "a secret %s \\", "core/newone": "made by hand", "core/country": "IT",
    "core/defaultuserroleid": "5", "core/sessiontimeout": "3600", "core/navshowfullcoursenames": "1", "core/lockoutthreshold": "7",
    "quiz/timelimit": "600", "quiz/decimalpoints": "4", "assign/submissionreceipts": "0", "forum_x/madeup": "a,b;c",
    "theme_boost/brandcolor": "#113344", "moodlecourse/numsections": "9", "enrol_manual/roleid": "4", "local_nothing/key": "é\u00e8",
}
faults = []


def run(*arguments, codes=(0,)):
    done = subprocess.run([provost, "--quiet", *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(f"{arguments} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def php(site, arguments):
    """Core's own scripts, as somebody at the machine would run them."""
    code = os.path.realpath(f"{directory}/state/made/sites/{site}/code")
    owner = pwd.getpwuid(os.stat(f"{directory}/state/data/sites/{site}").st_uid)
    drop = {} if owner.pw_uid == os.geteuid() else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    done = subprocess.run(["php", *arguments], cwd=code, capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"], "PROVOST_SITE": site}, **drop)
    if done.returncode != 0:
        sys.exit(f"{site}: {arguments}: {done.stderr or done.stdout}")


def edits():
    """Forty of them: twenty for each release, on at most six of its ten sites."""
    chosen = set()
    for sites in GROUPS.values():
        pairs = [(site, name) for site in chance.sample(sites, 6) for name in VALUES]
        chosen |= set(chance.sample(pairs, 20))
    return chosen


def found(noun, tag, *arguments):
    told = json.loads(run("--json", noun, "diff", *arguments, "--sites", tag))
    if told["causes"]:
        sys.exit(f"{noun} diff: {told['causes']}")
    rows = set()
    for number, one in enumerate(told["classes"]):
        for site in one["sites"] if number else []:
            rows |= {(site, difference["key"], text(difference["here"]), difference["secret"]) for difference in one["differences"]}
    return rows, told


def text(value):
    return None if value is None else value.get("value")


def compare(what, wanted, seen):
    for row in sorted(wanted - seen, key=str):
        faults.append(f"{what}: not found: {row}")
    for row in sorted(seen - wanted, key=str):
        faults.append(f"{what}: found, and nobody edited it: {row}")
    print(f"{what}: {len(wanted)} edited, {len(wanted & seen)} found, {len(seen - wanted)} else")


# Plugins enabled differently, first: what follows from that in settings is nobody's edit.
for tag, sites in GROUPS.items():
    run("plugins", "disable", "mod_wiki", "--site", sites[9])
    states = json.loads(run("--json", "plugins", "diff", "mod_", "--sites", tag))
    told = [(one["sites"], [difference["key"] for difference in one["differences"]]) for one in states["classes"][1:]]
    compare(f"plugins of {tag}", {(sites[9], "mod_wiki/enabled")}, {(site, key) for where, keys in told for site in where for key in keys})
    run("plugins", "enable", "mod_wiki", "--site", sites[9])

before = {tag: found("settings", tag)[0] for tag in GROUPS}
for tag, rows in before.items():
    compare(f"settings of {tag} before", set(), rows)

chosen = edits()
for site, name in sorted(chosen):
    component, setting = name.split("/", 1)
    # With `--component=core` it would write a row that Moodle never reads.
    of = [] if component == "core" else [f"--component={component}"]
    php(site, ["admin/cli/cfg.php", *of, f"--name={setting}", f"--set={VALUES[name]}"])
for tag, sites in GROUPS.items():
    wanted = {(site, name) for site, name in chosen if site in sites}
    rows, told = found("settings", tag)
    compare(f"settings of {tag}", wanted, {(site, key) for site, key, _, _ in rows})
    for site, key, value, secret in rows:
        if key == "core/smtppass" and (not secret or value is not None):
            faults.append(f"{site}: a secret is shown: {value}")
        if key in ("core/supportname", "core/docroot", "quiz/timelimit", "local_nothing/key") and value != VALUES[key]:
            faults.append(f"{site}: {key} is told as {value!r}")

# Three roles of one site of each release.
SCRIPT = """<?php
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->libdir . '/accesslib.php');
$system = context_system::instance();
$id = fn(string $name): int => (int) $DB->get_field('role', 'id', ['shortname' => $name], MUST_EXIST);
assign_capability('mod/forum:startdiscussion', CAP_PROHIBIT, $id('student'), $system->id, true);
set_role_contextlevels($id('teacher'), [CONTEXT_COURSE]);
core_role_set_assign_allowed($id('editingteacher'), $id('editingteacher'));
"""
with open(f"{directory}/edit.php", "w", encoding="utf-8") as file:
    file.write(SCRIPT)
ROLES = {"student/mod/forum:startdiscussion", "teacher/assigned in activities", "editingteacher/assigns editingteacher"}
for tag, sites in GROUPS.items():
    compare(f"roles of {tag} before", set(), found("roles", tag)[0])
    php(sites[3], [f"{directory}/edit.php"])
    rows, _ = found("roles", tag)
    compare(f"roles of {tag}", {(sites[3], role) for role in ROLES}, {(site, key) for site, key, _, _ in rows})
    run("roles", "sync", "student", "teacher", "editingteacher", "--from", sites[3], "--sites", tag, "--yes")
    compare(f"roles of {tag} after the sync", set(), found("roles", tag)[0])

# Rows of all twenty, changed and put back.
def rows_of_all():
    return run("sql", "--csv", "--most-rows", "100000", "select * from {role_capabilities} order by id")


was = rows_of_all()
run("sql", "--write", "--yes", "--sites", "*", "--most-rows", "100000", "delete from {role_capabilities} where permission <> 1")
changed = rows_of_all()
# The newest of them; what was only shown before it is another one.
writes = [operation["id"] for operation in json.loads(run("--json", "journal"))["operations"] if operation["machine"] == "sql-write"]
run("sql", "--undo", str(writes[0]), "--yes")
if changed == was:
    faults.append("nothing was deleted, so nothing is shown by putting it back")
if rows_of_all() != was:
    faults.append("what was deleted is not put back to the row")
print(f"undo: {len(was.splitlines()) - len(changed.splitlines())} rows of twenty sites deleted, {'all' if rows_of_all() == was else 'not all'} put back")
print(json.dumps({"campaign": "hand-edits", "seed": seed, "edits": len(chosen), "roles": len(ROLES) * 2, "faults": len(faults)}))
for fault in faults:
    print(fault, file=sys.stderr)
sys.exit(1 if faults else 0)
