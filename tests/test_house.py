"""The laws of the house, proved on the syntax trees of the code and on the notebooks as they are committed."""

import ast
import contextlib
import functools
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HELPERS = sorted((ROOT / "helpers").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WINGS = ("satisfaction", "loyalty", "value", "churn", "experiments", "actions")
FLOORS = {
    "foundation": 0,
    "intake": 1,
    "simulation": 1,
    "erasure": 1,
    "customers": 1,
    "stats": 1,
    **dict.fromkeys(WINGS, 2),
    "reporting": 3,
    "pipeline": 4,
    "__main__": 5,
}
PARAMETER = re.compile(r'^(\w+): (str|int|float|bool) = ("[^"|=]*"|-?[\d.]+|True|False)  # ([^|=\[]+) \[([^\]|=]+)\]$')


def room(path):
    inside = path.relative_to(ROOT / "helpers")
    return inside.parts[0].removesuffix(".py")


@functools.cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def breaches(check, paths=HELPERS):
    """Return what a check of a module's tree finds, by module; modules without a breach are left out."""
    return {path.relative_to(ROOT).as_posix(): found for path in paths if (found := check(tree(path)))}


def imports(module):
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def floor_breaches(source, name):
    """Return imports that point up, or from one wing into another."""
    rooms = {parts[1] for m in imports(source) if (parts := m.split("."))[0] == "helpers" and len(parts) > 1}
    return sorted(r for r in rooms if r != name and (
        FLOORS[r] > FLOORS[name] or (FLOORS[r] == FLOORS[name] and name in (*WINGS, "customers", "stats"))))


OUTSIDE = {"os", "io", "sys", "pathlib", "shutil", "tempfile", "subprocess", "logging", "random", "socket", "pickle"}
EFFECTS = {"print", "open", "input", "exec", "eval", "display"}
FILE_METHODS = re.compile(r"^(read|to)_(csv|parquet|excel|json|pickle|feather|sql)$|^(savefig|write_(text|bytes))$")


def outside_breaches(source):
    """Return what touches disk, screen or global random state."""
    found = [m for m in imports(source) if m.split(".")[0] in OUTSIDE]
    for node in ast.walk(source):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in EFFECTS:
            found.append(called.id)
        if isinstance(called, ast.Attribute):
            if FILE_METHODS.match(called.attr):
                found.append(called.attr)
            owner = called.value
            is_random = isinstance(owner, ast.Attribute) and owner.attr == "random"
            if is_random and called.attr not in ("default_rng", "Generator", "SeedSequence"):
                found.append(f"random.{called.attr}")
    return found


def mutations(source):
    """Return assignments into arguments, and pandas' in-place calls."""
    found = []
    for function in ast.walk(source):
        if not isinstance(function, ast.FunctionDef):
            continue
        arguments = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)} - {"self"}
        rebound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for node in ast.walk(function):
            if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id in arguments - rebound:
                    found.append(f"{function.name}: {ast.unparse(node)}")
            if isinstance(node, ast.keyword) and node.arg == "inplace":
                found.append(f"{function.name}: inplace")
    return found


def test_the_floor_check_sees_an_arrow_that_points_up_and_one_between_wings():
    assert floor_breaches(ast.parse("from helpers.reporting import words"), "value") == ["reporting"]
    assert floor_breaches(ast.parse("from helpers.churn.backtest import fit"), "value") == ["churn"]
    assert floor_breaches(ast.parse("from helpers.stats import survey_scales"), "value") == []


def test_arrows_go_down():
    inside = [path for path in HELPERS if path != ROOT / "helpers" / "__init__.py"]
    assert {str(path): found for path in inside if (found := floor_breaches(tree(path), room(path)))} == {}


def test_the_outside_check_sees_disk_screen_and_global_random_state():
    source = ast.parse("import os\nprint(1)\nframe.to_csv('x')\nnp.random.normal()\nnp.random.default_rng(1)")
    assert outside_breaches(source) == ["os", "print", "to_csv", "random.normal"]


def test_wings_and_stats_touch_neither_disk_nor_screen():
    inside = [path for path in HELPERS if room(path) in (*WINGS, "stats", "customers")]
    assert len(inside) > 100
    assert breaches(outside_breaches, inside) == {}


def parquet_reads(source):
    """Return calls that read Parquet by a library's defaults, which take names of folders for data."""
    calls = [node.func.attr for node in ast.walk(source) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Attribute)
             and node.func.attr in ("read_parquet", "read_table", "ParquetDataset", "dataset", "scan_parquet")]
    queries = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant)
               and isinstance(node.value, str) and node.value.lstrip().lower().startswith(("read_parquet(", "select"))
               and "read_parquet(" in node.value.lower()]
    return calls + ["read_parquet" for _ in queries]


def test_the_check_of_reads_sees_what_takes_names_of_folders_for_data():
    source = ast.parse("pd.read_parquet(p)\npq.read_table(p)\npq.ParquetFile(p)\nparquet.table(p)")
    assert parquet_reads(source) == ["read_parquet", "read_table"]
    assert parquet_reads(ast.parse('engine.sql(f"select * from read_parquet({p!r})")')) == ["read_parquet"]


def test_parquet_is_read_in_one_place_and_by_engines_through_it():
    found = {path.relative_to(ROOT / "helpers").as_posix(): ast.unparse(tree(path)) for path in HELPERS
             if parquet_reads(tree(path))}
    assert set(found) == {"foundation/parquet_files.py", "foundation/spark.py"}
    assert "partitioning=None" in found["foundation/parquet_files.py"]
    assert "for name, value in DUCKDB.items()" in found["foundation/parquet_files.py"]
    assert "read_parquet(parquet_files.spark_path(path), **parquet_files.SPARK)" in found["foundation/spark.py"]


def test_the_mutation_check_sees_an_argument_written_into():
    source = ast.parse("def f(a, b):\n  a['x'] = 1\n  b = b.copy()\n  b['x'] = 1\n  a.sort(inplace=True)")
    assert mutations(source) == ["f: a['x']", "f: inplace"]


def test_no_function_writes_into_its_arguments():
    assert breaches(mutations) == {}


def tags(cell):
    return cell.metadata.get("tags", [])


def code_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code"]


@functools.cache
def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(params=NOTEBOOKS, ids=lambda p: p.stem)
def notebook(request):
    return read(request.param)


def test_there_are_eight_notebooks_numbered_in_order():
    assert [p.name[:2] for p in NOTEBOOKS] == [f"{n:02}" for n in range(1, 9)]


def test_a_notebook_opens_with_its_question_its_words_and_its_parameters(notebook):
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    assert "**Question**" in notebook.cells[0].source
    assert tags(code_cells(notebook)[0]) == ["parameters"]
    assert tags(code_cells(notebook)[1]) == ["imports"]


def test_every_parameter_line_has_name_type_default_meaning_and_unit(notebook):
    for line in code_cells(notebook)[0].source.splitlines():
        assert PARAMETER.match(line), line


def test_a_parameter_has_one_type_default_and_meaning_everywhere():
    lines = {}
    for path in NOTEBOOKS:
        parameters = code_cells(read(path))[0].source.splitlines()
        assert {"source", "run", "as_of", "seed"} <= {line.split(":")[0] for line in parameters}
        for line in parameters:
            assert lines.setdefault(line.split(":")[0], line) == line


def test_a_notebook_has_an_answer_a_doubt_and_one_hand_off(notebook):
    given = [tag for cell in notebook.cells for tag in tags(cell)]
    assert given.count("answer") == 1
    assert given.count("nbval-check-output") == 1
    assert {"load", "trust", "doubt"} <= set(given)


def test_counts_run_from_one_and_only_the_hand_off_keeps_its_output(notebook):
    cells = code_cells(notebook)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        assert bool(cell.outputs) == ("nbval-check-output" in tags(cell)), cell.source


MAGIC = re.compile(r"(?m)^\s*[%!].*$")
UNSEEN = re.compile(r"\bsys\.path|\bwarnings\.|\brcParams|\bset_(?:theme|option)|\brandom\.seed"
                    r"|\bPath\(|\b(?:to|read)_(?:csv|parquet|excel)|[\"'](?:\.\.?/|/)")


def cell_breaches(source):
    """Return what a cell of a notebook may not hold: classes, hidden state, places of files, filters of warnings."""
    module = ast.parse(MAGIC.sub("pass", source))
    found = [type(node).__name__ for node in ast.walk(module)
             if isinstance(node, ast.ClassDef | ast.Global | ast.Nonlocal)]
    found += [m.group().strip() for m in MAGIC.finditer(source)]
    found += [ast.unparse(node) for node in ast.walk(module) if isinstance(node, ast.Call)
              and isinstance(node.func, ast.Name) and node.func.id in {"globals", "exec", "eval", "open", "input"}]
    return found + UNSEEN.findall(source)


def test_the_check_of_cells_sees_hidden_state_and_places_and_lets_functions_be():
    for bad in ("class A: pass", "def f():\n  global x\n  x = 1", "%cd data", "!ls", "sys.path.append(x)", "open('x')",
                "warnings.simplefilter('ignore')", "plt.rcParams['font.size'] = 9", "pd.read_csv('x')", "p = '../data'",
                "np.random.seed(1)", "sns.set_theme()"):
        assert cell_breaches(bad), bad
    assert cell_breaches("def ratio(a, b):\n  return a / b\nframe.assign(x=lambda f: ratio(f.a, f.b))") == []


def test_cells_hold_no_class_no_hidden_state_no_path_and_no_filter(notebook):
    for cell in code_cells(notebook):
        assert cell_breaches(cell.source) == [], cell.source


def test_imports_stand_in_the_cell_of_imports_alone(notebook):
    """A reader sees at the top what a notebook rests on; cells for work by hand bring what they need."""
    for cell in code_cells(notebook):
        if not {"imports", "explore"} & set(tags(cell)):
            assert not any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(ast.parse(cell.source)))


def test_sizes_of_notebooks_are_printed(capsys):
    """Not a law: a report of how many cells a notebook has, how long they are, and how much prose it has."""
    with capsys.disabled():
        print("\nnotebook                       code cells  median lines  longest  words of prose a line")
        for path in NOTEBOOKS:
            cells = read(path).cells
            lines = [len([x for x in c.source.splitlines() if x.strip()]) for c in cells if c.cell_type == "code"]
            words = sum(len(c.source.split()) for c in cells if c.cell_type == "markdown")
            print(f"{path.stem:<30} {len(lines):>10} {sorted(lines)[len(lines) // 2]:>13} {max(lines):>8} "
                  f"{words / sum(lines):>22.1f}")
    assert len(NOTEBOOKS) == 8


def test_committed_notebooks_carry_no_trace_of_a_run(notebook):
    assert "papermill" not in notebook.metadata
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        assert "injected-parameters" not in tags(cell)


def committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_machine_or_a_registry():
    place = re.compile(r"(?<![\w.~])/(home|root|Users|work|mnt|srv)/\w|index-url|find-links|https?://\S+/simple\b")
    texts = {p.relative_to(ROOT): p.read_text(encoding="utf-8", errors="replace")
             for p in committed() if p != Path(__file__)}
    assert [f"{p}: {match.group()}" for p, text in texts.items() if (match := place.search(text))] == []


def test_the_locks_hold_hashes_and_no_address():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins = re.split(r"^(?=[\w.-]+(?:\[[^\]]+\])?==)", text, flags=re.M)[1:]
        assert len(pins) >= len(locked(text)) > 100
        assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_development_lock_is_a_superset_of_what_a_run_needs():
    pins = [set(re.findall(r"^([\w.-]+)(?:\[[^\]]+\])?==([\w.]+)", (ROOT / name).read_text(), re.M))
            for name in ("requirements.lock", "requirements-dev.lock")]
    assert pins[0] <= pins[1]


def locked(text):
    """Return the extras of each package of a lock, by name; those in common where it has pins for several machines."""
    found = {}
    for name, extras in re.findall(r"^([\w.-]+)(?:\[([^\]]+)\])?==", text, re.M):
        held = set(re.findall(r"[\w-]+", extras))
        found[canonicalize_name(name)] = found.get(canonicalize_name(name), held) & held
    return found


def unlocked(extras, requirements):
    """Return what is required here and not locked, or not with that extra: whose it is, and what."""
    found = []
    for name, required in requirements.items():
        for one in map(Requirement, required):
            if one.marker and not any(one.marker.evaluate({"extra": e}) for e in ("", *extras.get(name, ()))):
                continue
            held = extras.get(canonicalize_name(one.name))
            if held is None or not one.extras <= held:
                found.append(f"{name}: {one.name}" + (f"[{','.join(sorted(one.extras))}]" if one.extras else ""))
    return found


def required(extras):
    """Return the requirements of the locked packages that are installed, by name."""
    found = {}
    for name in extras:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.requires(name) or []
    return found


def test_the_check_of_locks_sees_a_package_and_an_extra_that_are_not_locked():
    pins = locked("a==1 \\\n    --hash=sha256:0\nb[x, y]==2 ; sys_platform == 'linux' \\\n    --hash=sha256:0\n")
    assert pins == {"a": set(), "b": {"x", "y"}}
    assert unlocked(pins, {"a": ["b[x]>=1", "b[z]", "c", "d; extra == 'z'", "e; sys_platform == 'none'"],
                           "b": ["f[q]; extra == 'y'", "g; extra == 'z'"]}) == ["a: b[z]", "a: c", "b: f[q]"]


@pytest.mark.parametrize(("name", "groups"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev", "spark"))])
def test_a_lock_is_complete_with_every_extra_that_anything_in_it_asks_for(name, groups):
    """Locks are installed without looking for more; who resolves them all the same finds each name with its extras."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = [*declared["dependencies"], *(r for group in groups for r in declared["optional-dependencies"][group])]
    extras = locked((ROOT / name).read_text())
    theirs = required(extras)
    assert len(theirs) > len(extras) / 2
    assert unlocked(extras, theirs | {declared["name"]: [r for r in own if not r.startswith(declared["name"])]}) == []


def test_set_up_installs_locks_as_they_are_and_keeps_their_extras():
    told = (ROOT / "Makefile").read_text()
    assert re.findall(r"\binstall (?!.*--no-deps)--", told) == []
    assert "--no-strip-extras" in told


def test_the_package_list_names_every_folder_of_helpers():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert sorted(declared) == sorted(".".join(p.parent.relative_to(ROOT).parts) for p in HELPERS
                                      if p.name == "__init__.py")


def named_paths(text):
    """Return the paths that a text names in code marks, those with a placeholder left out."""
    return sorted(set(re.findall(r"`([\w.-]+(?:/[\w.-]*)+)`", text)))


def test_every_path_that_the_guide_for_contributors_names_is_there():
    told = named_paths((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert named_paths("`a/b.py`, `c/`, `d/<name>.toml`, `make test`, e/f") == ["a/b.py", "c/"]
    assert len(told) > 5
    assert [name for name in told if not (ROOT / name).exists()] == []


UNIX_ONLY = {
    "os": {"fork", "forkpty", "geteuid", "getuid", "getgid", "killpg", "setsid", "getpgid", "wait", "wait3", "wait4",
           "waitid", "mkfifo", "chown", "nice", "getloadavg", "sched_getaffinity", "sysconf", "statvfs", "uname",
           "register_at_fork", "openpty", "WNOHANG", "O_NONBLOCK", "O_DIRECTORY", "pread", "sync", "fchmod"},
    "signal": {"SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGSTOP", "SIGQUIT", "alarm",
               "setitimer", "pthread_sigmask", "pthread_kill", "sigwait", "pause"}}
UNIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
ASKS_THE_SYSTEM = re.compile(r"hasattr\((os|signal), |os\.name|sys\.platform")


def unportable_calls(module):
    """Return what Windows does not have and a module uses without having asked; one that asks at its top has asked."""
    found = [name for name in imports(module) if name.partition(".")[0] in UNIX_MODULES]
    used = [node for node in ast.walk(module) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            and node.attr in UNIX_ONLY.get(node.value.id, ())]
    if not used or any(ASKS_THE_SYSTEM.search(ast.unparse(n)) for n in module.body if isinstance(n, ast.Assign)):
        return found
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    asked = {id(inner) for function in functions if ASKS_THE_SYSTEM.search(ast.unparse(function))
             for inner in ast.walk(function)}
    return found + [ast.unparse(node) for node in used if id(node) not in asked]


def test_the_check_of_portable_calls_sees_what_windows_lacks():
    unasked = ast.parse("import fcntl\ndef f():\n    return os.geteuid(), os.getpid()")
    assert unportable_calls(unasked) == ["fcntl", "os.geteuid"]
    assert unportable_calls(ast.parse("def f():\n    return hasattr(os, 'geteuid') and os.geteuid()")) == []
    assert unportable_calls(ast.parse("IS_LINUX = sys.platform == 'linux'\ndef f():\n    os.fork()")) == []


def test_nothing_is_called_that_another_system_lacks_without_asking():
    assert breaches(unportable_calls) == {}


def names_in(module):
    """Return what a module defines, takes over and calls its arguments."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def dead_references(modules):
    """Return what docstrings name between backticks that is neither in their module nor in the one named before it."""
    known = {name: names_in(module) for name, module in modules.items()}
    by_last = {}
    for name in known:
        by_last.setdefault(name.rpartition(".")[2], set()).update(known[name])
    found = []
    for name, module in modules.items():
        texts = [ast.get_docstring(node) or "" for node in ast.walk(module)
                 if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)]
        named = re.findall(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)", " ".join(texts))
        sourced = re.findall(r"From `(\w+)`", " ".join(texts))
        found += [f"{name}: {ref}" for ref in sourced if ref not in known[name] and ref not in by_last]
        for place, _, last in (ref.rpartition(".") for ref in named):
            owner = place.rpartition(".")[2]
            if place != owner and not place.startswith("helpers."):
                continue  # of another library
            is_dead = owner in by_last and last not in by_last[owner] and f"{place}.{last}" not in modules
            if is_dead or (place.startswith("helpers.") and owner[:1].islower() and owner not in by_last):
                found.append(f"{name}: {place}.{last}")
    return found


def test_the_check_of_references_sees_what_is_not_there():
    there = "def made():\n    pass\n"
    docs = '"""From `made` and `a.made`, `helpers.b.a.made`, `numpy.sum`."""\n' + there
    assert dead_references({"helpers.b.a": ast.parse(docs)}) == []
    dead = '"""From `lost`, and `a.lost`, as `helpers.b.gone.made`."""\n' + there
    assert dead_references({"helpers.b.a": ast.parse(dead)}) == [
        "helpers.b.a: lost", "helpers.b.a: a.lost", "helpers.b.a: helpers.b.gone.made"]


def test_docstrings_name_only_what_is_there():
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): tree(path)
               for path in HELPERS}
    assert dead_references(modules) == []


def test_no_module_has_more_than_350_lines():
    assert [p.name for p in HELPERS if len(p.read_text(encoding="utf-8").splitlines()) > 350] == []


def test_sizes_are_printed(capsys):
    """Not a law: a report of modules and bodies that are longer than the house likes."""
    long_modules = [(len(p.read_text().splitlines()), p) for p in HELPERS if len(p.read_text().splitlines()) > 300]
    bodies = [(node.end_lineno - node.body[0].lineno + 1, p, node.name) for p in HELPERS
              for node in ast.walk(tree(p)) if isinstance(node, ast.FunctionDef)]
    median = sorted(b[0] for b in bodies)[len(bodies) // 2]
    with capsys.disabled():
        print(f"\nhelpers: {len(HELPERS)} modules, {len(bodies)} functions, median body {median} lines")
        for n, path in sorted(long_modules, reverse=True):
            print(f"  {path.relative_to(ROOT)}: {n} lines")
        for n, path, name in sorted((b for b in bodies if b[0] > 40), reverse=True, key=lambda b: b[0]):
            print(f"  {path.relative_to(ROOT)}: {name}, {n} lines")
    assert bodies


COINED = (
    "alone by lot", "held out by lot", "assigned by lot", "the draw did not go as planned", "four times in five",
    "4 times in 5", "kept aside", "with care", "ticked against the books", "neither had seen", "let pass",
    "share a person with another", "holds what happened", "hold what happened", "claims touched", "claim struck",
    "beyond noise", "within noise", "the list drawn then", "gate crossed", "gates crossed", "take away", "takes away",
    "on the last run", "everybody's mean", "expected lost", "expected to be lost", "customers will bring",
    "winning a customer costs", "cost of winning", "attitude's cut", "near the cut", "lost in the trial",
    "stated and observed shares", "of customers were kept", "customers kept", "sales kept",
    "truly loyal", "at stake", "left alone", "treated less held out", "minus held out", "rests on", "rest on",
    "raised ordered by", "known by answers and orders", "asking back", "lost means", "alike beforehand")
COINED_WORDS = re.compile(  # as whole words; a fifth or a third is a share, not a class of customers
    r"\b(a tie|knots?|fifths|thirds|struck|silence|regained|the board|the trial|by fifths? of)\b")
ENGINE_STATUS = {"struck"}  # a word of stored results, alone in its string
SAME_NAME_ALLOWED = {"__init__", "schema", "config", "quality_gates", "textbook_claims"}


def said(source):
    """Return the string literals of a module that are no docstrings, as one lowered text."""
    bodies = (n.body for n in ast.walk(source) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef))
    docs = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    return "\n".join(n.value for n in ast.walk(source)
                     if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs).lower()


def coined(text):
    lines = "\n".join(line for line in text.split("\n") if line not in ENGINE_STATUS)
    return [word for word in COINED if word in lines] + COINED_WORDS.findall(lines)


def test_the_check_of_words_reads_sentences_and_no_docstrings():
    assert coined(said(ast.parse('"""Kept aside."""\nx = f"{n} rows are Kept aside"'))) == ["kept aside"]
    assert coined(said(ast.parse('"""Kept aside."""\nx = f"{n} rejected rows"'))) == []


def test_sentences_of_pages_use_the_words_of_the_field():
    assert breaches(lambda module: coined(said(module))) == {}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_markdown_of_notebooks_uses_the_words_of_the_field(path):
    cells = read(path).cells
    assert coined("\n".join(c.source for c in cells if c.cell_type == "markdown").lower()) == []


def test_no_two_modules_share_a_name_but_the_declared_ones():
    names = [path.stem for path in HELPERS]
    assert {name for name in names if names.count(name) > 1} <= SAME_NAME_ALLOWED


NAMED = re.compile(r"\bhelpers\.([a-z_]+(?:\.\w+)+)")


def absent(dotted):
    """Return whether a dotted name below ``helpers`` leads to no module, or to none of its names."""
    parts = dotted.split(".")
    files = {i: (ROOT / "helpers").joinpath(*parts[:i]).with_suffix(".py") for i in range(1, len(parts) + 1)}
    depth = max((i for i, file in files.items() if file.is_file()), default=0)
    if not depth:
        return not (ROOT / "helpers").joinpath(*parts[:2]).is_dir()
    text = files[depth].read_text(encoding="utf-8")
    return len(parts) > depth and not re.search(rf"(?m)^(def |class )?{parts[depth]}\b", text)


def test_the_check_of_named_modules_sees_one_that_is_gone():
    names = ("stats.survey_scales", "stats.survey_scales.no_such_function", "methods.scales")
    assert [absent(name) for name in names] == [False, True, True]


def test_every_module_and_function_that_a_docstring_names_exists():
    named = {name: path for path in HELPERS for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 50
    assert {name: str(path) for name, path in named.items() if absent(name)} == {}


def test_every_folder_of_helpers_lists_its_files():
    for init in sorted((ROOT / "helpers").rglob("__init__.py")):
        text = init.read_text(encoding="utf-8")
        files = {p.stem for p in init.parent.glob("*.py")} - {"__init__", "__main__"}
        assert {name for name in files if f"``{name}``" not in text} == set(), init
