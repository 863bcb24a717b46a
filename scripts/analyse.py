#!/usr/bin/env python3
"""Compares Slither's findings with those that are explained; called by analyse.sh."""

import collections
import json
import sys
import tomllib


def place(element):
    """Contract.function of what a finding is about; overloads are one."""
    names = []
    while element:
        if element["type"] in ("contract", "function", "event", "struct", "enum"):
            names.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return ".".join(reversed(names))


def main():
    with open(sys.argv[1]) as file:
        report = json.load(file)
    with open(sys.argv[2], "rb") as file:
        explained = tomllib.load(file)["explained"]
    if not report["success"]:
        sys.exit(f"analyse: Slither failed: {report['error']}")

    found = collections.defaultdict(list)
    for finding in report["results"].get("detectors", []):
        found[finding["check"], place(finding["elements"][0])].append(finding)
    total = sum(map(len, found.values()))

    wrong = []
    for entry in explained:
        check, why = entry["check"], entry["why"].strip()
        if "at" in entry:
            expected = [((check, where), count) for where, count in entry["at"].items()]
        else:
            expected = [(key, None) for key in list(found) if key[0] == check]
            if not expected:
                wrong.append(f"explained, but not found: {check}")
        for key, count in expected:
            findings = found.pop(key, [])
            if count is not None and len(findings) != count:
                wrong.append(f"{key[0]} in {key[1]}: {count} explained, {len(findings)} found")
                wrong += [finding["description"].strip() for finding in findings]
            elif "--all" in sys.argv[3:]:
                for finding in findings:
                    print(f"[{finding['impact']}] {finding['description'].strip()}\n  explained: {why}")
    for (check, where), findings in sorted(found.items()):
        for finding in findings:
            wrong.append(f"[{finding['impact']}] {check} in {where}: {finding['description'].strip()}")

    for message in wrong:
        print(f"analyse: {message}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"analyse: {total} findings of Slither, all explained")


if __name__ == "__main__":
    main()
