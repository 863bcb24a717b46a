#!/usr/bin/env python3
"""Holds the structure that CONTRIBUTING.md draws: imports between a crate's files run one way, and whoever
loads a compiled model links no ONNX runtime, not even for its tests.

A file imports another if a path in it (`crate::a::b::Name`, `super::b::Name`, of a `use` or inline) leads
there. Files in a circle must all belong to one module: a `mod.rs` (or `name.rs`) and its children. `lib.rs`,
`main.rs` and tests do not count.

    scripts/check_structure.py          exits with 1 and names every circle that is too large, or who links tract
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENDS = {"lib.rs", "main.rs"}
# Nothing of these, their tests included, may lead to an ONNX runtime.
WITHOUT_ONNX = ["model", "circuit", "wire", "prover", "engine", "chain", "consumers"]
# The same without their tests.
RUNS_WITHOUT_ONNX = ["relayer"]
RUNTIME = "tract-onnx"
PATH = re.compile(r"\b(crate|super)((?:::[a-z_][a-z_0-9]*)+|(?=::\{))(::\{)?")


def module_of(path, source):
    """The module path of a file, e.g. ("import", "ops", "softmax")."""
    parts = list(path.relative_to(source).with_suffix("").parts)
    return tuple(parts[:-1] if parts[-1] == "mod" else parts)


def group(text, start):
    """The items of the braces that open before `start`, each with the path before it."""
    depth, end = 1, start
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    inner, items, depth, item = text[start : end - 1], [], 0, ""
    for letter in inner:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            items.append(item.strip())
            item = ""
        else:
            item += letter
    return [it for it in [*items, item.strip()] if it]


def expand(prefix, items):
    """Every path that a group of imports stands for."""
    for item in items:
        head, _, rest = item.partition("::")
        if rest.startswith("{"):
            yield from expand((*prefix, head), group(rest, 1))
        elif rest:
            yield from expand((*prefix, head), [rest])
        else:
            yield (*prefix, head.split(" ")[0])


def imports(text):
    """Every path in a file, with the word it begins with."""
    text = re.sub(r"//[^\n]*", "", text.split("#[cfg(test)]")[0])
    for match in PATH.finditer(text):
        prefix = tuple(part for part in match[2].split("::") if part)
        if match[3]:
            for path in expand(prefix, group(text, match.end())):
                yield match[1], path
        else:
            yield match[1], prefix


def arrows(source):
    """For each file of a crate the files it imports."""
    files = {module_of(path, source): path for path in source.rglob("*.rs") if path.name not in ENDS}
    result = {}
    for module, path in files.items():
        targets = set()
        for word, names in imports(path.read_text()):
            full = names if word == "crate" else (*module[:-1], *names)
            # The longest part of the path that is a file.
            while full and full not in files:
                full = full[:-1]
            if full and full != module:
                targets.add(full)
        result[module] = targets
    return files, result


def circles(graph):
    """Strongly connected components of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = []
            while True:
                circle.append(stack.pop())
                if circle[-1] == node:
                    break
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def is_one_module(circle):
    """Whether the files are a module and its children: the shortest path is a prefix of all others."""
    head = min(circle, key=len)
    return all(file[: len(head)] == head for file in circle)


def who_links_the_runtime():
    """The crates that lead to an ONNX runtime and must not, with the way."""
    tests_too = [(crate, "normal,build,dev") for crate in WITHOUT_ONNX]
    for crate, edges in [*tests_too, *((crate, "normal,build") for crate in RUNS_WITHOUT_ONNX)]:
        command = ["cargo", "tree", "--offline", "--edges", edges, "--package", f"verdict-{crate}", "--invert", RUNTIME]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if answer.stdout.strip():
            yield crate, answer.stdout
        # An error other than that there is nothing to show would hide what this looks for.
        elif "nothing to print" not in answer.stderr and "did not match any packages" not in answer.stderr:
            yield crate, answer.stderr


def main():
    sys.setrecursionlimit(10_000)
    wrong = 0
    for crate, way in who_links_the_runtime():
        wrong += 1
        print(f"verdict-{crate} leads to {RUNTIME}:\n{way}", file=sys.stderr)
    for source in sorted((ROOT / "crates").glob("*/src")):
        files, graph = arrows(source)
        for circle in circles(graph):
            if is_one_module(circle):
                continue
            wrong += 1
            names = ", ".join(str(files[file].relative_to(ROOT)) for file in circle)
            print(f"circle: {names}", file=sys.stderr)
            for file in circle:
                for other in sorted(graph[file] & set(circle)):
                    print(f"    {'::'.join(file)} -> {'::'.join(other)}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print("no circle of files larger than a module and its children, no ONNX runtime where none may be")


if __name__ == "__main__":
    main()
