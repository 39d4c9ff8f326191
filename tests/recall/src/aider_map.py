"""aider's repository map for masked tasks: `map.py TASKS` in the workspace.

Asks whoever started it to count tokens: a line of JSON `{"count": TEXT}`, answered by a line with the number. The last
line is `{"maps": [{BUDGET: MAP}]}`. The map's own estimate of its size errs; the request is made smaller until a count of
the whole map fits the budget.
"""

import json
import re
import sys
from pathlib import Path

from aider.io import InputOutput
from aider.repomap import RepoMap

out, sys.stdout = sys.stdout, sys.stderr


def say(message):
    out.write(json.dumps(message) + "\n")
    out.flush()


class Model:
    def token_count(self, text):
        say({"count": text})
        return int(sys.stdin.readline())


def main(tasks):
    wanted = json.loads(Path(tasks).read_text())
    root = Path.cwd()
    left_out = {"target", "_build", "deps", "node_modules"}
    files = sorted(
        str(path)
        for path in root.rglob("*")
        if path.suffix in {".rs", ".ex", ".exs", ".md", ".toml"} and not left_out & set(path.relative_to(root).parts)
    )
    repo_map = RepoMap(root=str(root), main_model=Model(), io=InputOutput(yes=True), refresh="always")
    maps = []
    for task in wanted["tasks"]:
        path = root / task["path"]
        original = path.read_text()
        path.write_text(task["masked"])
        lines = task["masked"].splitlines()
        head = "\n".join(lines[max(0, task["line"] - 21) : task["line"] + 1])
        mentioned = set(re.findall(r"\w+", head))
        others = [file for file in files if file != str(path)]
        found = {}
        for budget in wanted["budgets"]:
            ask = budget
            while ask > 0:
                text = repo_map.get_ranked_tags_map([str(path)], others, ask, set(), mentioned) or ""
                if Model().token_count(text) <= budget:
                    break
                ask = int(ask * 0.93)
            found[budget] = text
        maps.append(found)
        path.write_text(original)
    say({"maps": maps})


main(*sys.argv[1:])
