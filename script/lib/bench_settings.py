"""Measures settings and roles of many sites. Called by script/bench settings: PROVOST DIRECTORY SITES RUNS COMMIT."""

import json
import os
import pwd
import statistics
import subprocess
import sys
import time

provost, directory, sites, runs, commit = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

# Of core and of plugins, with and without a place in the site administration; each with two values that it takes.
SETTINGS = [
    ("core", "forcelogin", "0", "1"),
    ("core", "maxbytes", "0", "1048576"),
    ("core", "sessiontimeout", "7200", "14400"),
    ("core", "enablenotes", "0", "1"),
    ("core", "enableblogs", "0", "1"),
    ("core", "enablecompletion", "0", "1"),
    ("core", "enablebadges", "0", "1"),
    ("core", "enableportfolios", "0", "1"),
    ("core", "allowguestmymoodle", "0", "1"),
    ("core", "navshowfullcoursenames", "0", "1"),
    ("core", "navsortmycoursessort", "sortorder", "fullname"),
    ("core", "passwordpolicy", "0", "1"),
    ("core", "minpasswordlength", "8", "12"),
    ("core", "lockoutthreshold", "0", "10"),
    ("core", "timezone", "Europe/Paris", "Europe/Rome"),
    ("core", "courseswithsummarieslimit", "10", "20"),
    ("core", "supportemail", "a@example.org", "b@example.org"),
    ("core", "supportname", "One", "Two"),
    ("core", "docroot", "https://example.org/a", "https://example.org/b"),
    ("core", "guestloginbutton", "0", "1"),
    ("quiz", "timelimit", "0", "3600"),
    ("quiz", "shufflewithin", "0", "1"),
    ("quiz", "decimalpoints", "2", "3"),
    ("assign", "submissionreceipts", "0", "1"),
    ("forum", "maxattachments_x", "1", "9"),
    ("moodlecourse", "numsections", "4", "6"),
    ("moodlecourse", "visible", "0", "1"),
    ("theme_boost", "brandcolor", "#112233", "#445566"),
    ("local_bench", "anything", "one", "two"),
]
assert len(SETTINGS) == 29
TWENTY = [f"b{number:03}" for number in range(1, min(sites, 20) + 1)]


def run(arguments, **more):
    """Wall seconds of a command, and the most memory that it had, in bytes."""
    begun = time.monotonic()
    process = subprocess.Popen(arguments, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{arguments[:5]} ended with {code}: {out[:500]!r}")
    return time.monotonic() - begun, used.ru_maxrss * 1024, out


def name(component, setting):
    return setting if component == "core" else f"{component}/{setting}"


def ours_set(which):
    pairs = [f"{name(component, setting)}={values[which]}" for component, setting, *values in SETTINGS]
    return run([provost, "--quiet", "settings", "set", *pairs, "--sites", " | ".join(TWENTY)])[0]


def ours_get():
    names = [name(component, setting) for component, setting, *_ in SETTINGS]
    return run([provost, "--quiet", "--json", "settings", "get", *names, "--sites", " | ".join(TWENTY)])[0]


def theirs(arguments_of):
    """cfg.php, as a shell would run it: once for each setting and site, as the site's own account."""
    begun = time.monotonic()
    for site in TWENTY:
        code = os.path.realpath(f"{directory}/state/made/sites/{site}/code")
        owner = pwd.getpwuid(os.stat(f"{directory}/state/data/sites/{site}").st_uid)
        drop = {} if owner.pw_uid == os.geteuid() else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        for row in SETTINGS:
            done = subprocess.run(
                ["php", "admin/cli/cfg.php", *arguments_of(row)], cwd=code, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                env={"PATH": os.environ["PATH"], "PROVOST_SITE": site}, check=False, **drop)
            if done.returncode != 0:
                sys.exit(f"cfg.php of {site} for {row}: {done.returncode} {done.stderr[:300]!r}")
    return time.monotonic() - begun


def of(row):
    """`--component=core` would write a row that Moodle never reads."""
    return [] if row[0] == "core" else [f"--component={row[0]}"]


def theirs_set(which):
    return theirs(lambda row: [*of(row), f"--name={row[1]}", f"--set={row[2 + which]}"])


def theirs_get():
    return theirs(lambda row: [*of(row), f"--name={row[1]}"])


def holds(which):
    """That all have the values that were set."""
    names = [name(component, setting) for component, setting, *_ in SETTINGS]
    told = json.loads(run([provost, "--quiet", "--json", "settings", "get", *names, "--sites", " | ".join(TWENTY)])[2])
    found = {(one["site"], one["setting"]): one["value"] for one in told["settings"]}
    for site in TWENTY:
        for component, setting, *values in SETTINGS:
            is_there = found.get((site, f"{component}/{setting}"))
            if is_there != values[which]:
                sys.exit(f"{site}: {component}/{setting} is {is_there!r}, and was to be {values[which]!r}")


def median(values):
    return statistics.median(values)


ours_set(0)
holds(0)
set_ours, set_theirs, get_ours, get_theirs = [], [], [], []
for number in range(runs):
    # By turns; each finds the other value there.
    set_ours.append(ours_set(1))
    holds(1)
    set_theirs.append(theirs_set(0))
    holds(0)
    get_ours.append(ours_get())
    get_theirs.append(theirs_get())
    print(f"run {number + 1}: set {set_ours[-1]:.2f} s, cfg.php {set_theirs[-1]:.2f} s; get {get_ours[-1]:.2f} s, cfg.php {get_theirs[-1]:.2f} s",
          file=sys.stderr)

diffs, roles, compared = [], [], 0
for _ in range(max(runs, 3)):
    seconds, peak, out = run([provost, "--quiet", "--json", "settings", "diff"])
    diffs.append((seconds, peak))
    compared = json.loads(out)["keys"]
    seconds, peak, _ = run([provost, "--quiet", "--json", "roles", "diff"])
    roles.append((seconds, peak))

print(json.dumps({
    "bench": "settings", "commit": commit, "sites": sites, "runs": runs,
    "vs_cfg_php": round(median(set_ours) / median(set_theirs), 4),
    "times_faster": round(median(set_theirs) / median(set_ours), 1),
    "get_vs_cfg_php": round(median(get_ours) / median(get_theirs), 5),
    "set_seconds": round(median(set_ours), 2), "cfg_php_seconds": round(median(set_theirs), 2),
    f"diff_{sites}_seconds": round(median([one for one, _ in diffs]), 2),
    f"diff_{sites}_peak_mb": round(max(peak for _, peak in diffs) / 2**20, 1),
    "diff_settings": compared,
    f"roles_{sites}_seconds": round(median([one for one, _ in roles]), 2),
    f"roles_{sites}_peak_mb": round(max(peak for _, peak in roles) / 2**20, 1),
}))
