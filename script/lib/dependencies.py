"""Checks what `cargo metadata` says on standard input against the rules of deny.toml."""

import json
import re
import sys
import tomllib

BUDGET = 400

with open("deny.toml", "rb") as file:
    allowed = set(tomllib.load(file)["licenses"]["allow"])

packages = json.load(sys.stdin)["packages"]
faults = []


def fits(expression):
    """Whether an SPDX expression can be satisfied by allowed licences: one side of each OR, both sides of each AND."""
    expression = expression.replace("/", " OR ")
    while True:
        inner = re.search(r"\(([^()]*)\)", expression)
        if not inner:
            break
        expression = expression.replace(inner.group(0), "YES" if fits(inner.group(1)) else "NO")
    sides = re.split(r"\s+OR\s+", expression)
    known = allowed | {"YES"}
    return any(all(part.strip() in known for part in re.split(r"\s+AND\s+", side)) for side in sides)


for package in packages:
    name = f"{package['name']} {package['version']}"
    source = package["source"]
    if source is not None and not source.startswith("registry+"):
        faults.append(f"{name} comes from {source}")
    if not fits(package["license"] or "none"):
        faults.append(f"{name} has the licence {package['license']}")
if len(packages) > BUDGET:
    faults.append(f"{len(packages)} packages, more than {BUDGET}")

print("\n".join(faults) or f"{len(packages)} packages: licences and sources are fine")
sys.exit(bool(faults))
