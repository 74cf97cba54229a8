"""The examples for schedulers: what they can be held to without the scheduler."""

import ast
import json
import os
import subprocess

import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.foundation.errors import BusyError

EXAMPLES = folders.CHECKOUT_FOLDER / "examples"

COMMAND = """#!/bin/sh
echo "$*" >> {folder}/calls
code=$(head -n 1 {folder}/codes)
sed -i 1d {folder}/codes
exit $code
"""


@pytest.mark.parametrize(("codes", "calls", "code"), [
    ([0], 1, 0), ([1, 0], 2, 0), ([75, 75, 0], 3, 0), ([1, 75, 1, 0], 3, 1), ([2, 0], 1, 2), ([3, 0], 1, 3),
    ([4, 0], 1, 4), ([70, 0], 1, 70), ([130, 0], 1, 130)])
def test_a_night_tries_again_what_another_try_can_mend_and_nothing_else(tmp_path, codes, calls, code):
    command = tmp_path / "loyalty"
    command.write_text(COMMAND.format(folder=tmp_path))
    command.chmod(0o700)
    (tmp_path / "codes").write_text("".join(f"{n}\n" for n in codes))
    done = subprocess.run([EXAMPLES / "nightly.sh", "shop", "--quiet"], check=False, timeout=240,
                          env={**os.environ, "LOYALTY": str(command), "PAUSE": "0", "TRIES": "3"})
    assert done.returncode == code
    assert (tmp_path / "calls").read_text().splitlines() == ["run shop --retry --quiet"] * calls


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda p: p.stem)
def test_examples_in_python_call_what_the_command_line_knows_and_retry_the_same_codes(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lists = [[e.value for e in node.elts if isinstance(e, ast.Constant)] for node in ast.walk(tree)
             if isinstance(node, ast.List)]
    told = next(words for words in lists if "run" in words)
    assert __main__.parser().parse_args(["run", "shop", *told[1:]]).retry
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)}
    assert ast.literal_eval(assigned["WORTH_ANOTHER_TRY"]) == (1, BusyError.exit_code)


def test_the_container_for_editors_is_json():
    assert json.loads((EXAMPLES / "devcontainer" / "devcontainer.json").read_text())["postCreateCommand"]


def test_every_file_of_the_examples_is_named_in_their_guide():
    guide = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = [p.relative_to(EXAMPLES) for p in EXAMPLES.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert {"systemd" if p.parts[0] == "systemd" else p.as_posix() for p in files if p.name != "README.md"} == {
        name for name in ("nightly.sh", "crontab", "systemd", "airflow/loyalty_workbook.py", "prefect/loyalty_flow.py",
                          "github-actions/loyalty.yml", "docker/Dockerfile", "devcontainer/devcontainer.json")
        if name in guide}
