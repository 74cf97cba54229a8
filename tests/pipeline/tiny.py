"""A workbook of five tiny notebooks that do what they are told, and the door with that workbook."""

from pathlib import Path

from helpers.pipeline.jupyter import nbformat
from helpers.pipeline.steps import Step, Workbook

STEPS = (
    Step("01", "01_in.ipynb", "In", "What came?", writes=("canonical/transactions", "canonical/responses")),
    Step("02", "02_left.ipynb", "Left", "What is left?", "what is left", ("canonical/transactions",),
         writes=("results/left",)),
    Step("03", "03_right.ipynb", "Right", "What is right?", "what is right", ("canonical/transactions",),
         writes=("results/right",)),
    Step("04", "04_asked.ipynb", "Asked", "What was asked?", "what was asked", ("canonical/responses",),
         writes=("results/asked",)),
    Step("05", "05_end.ipynb", "End", "What comes of it?", reads_if_present=("results/left", "results/right"),
         writes=("results/end",)),
)

REVISION = "a revision"
PARAMETERS = '''source: str = "tiny"  # source profile [name]
run: str = ""  # run to read from, empty for the newest [run]
as_of: str = ""  # date the run speaks for, empty for the newest row [ISO date]
seed: int = 1  # seed of every random draw [integer]'''
MORE = {"02": '\nact: str = ""  # what the step is to do the first time [deed]',
        "03": "\nwidth: float = 1.5  # width of the right [metres]"}

ACT = '''mark = Path(os.environ["LOYALTY_HOME"]) / f"{step}.pids"
deed = "" if mark.exists() or "act" not in globals() else act
_ = mark.write_text(f"{os.getpid()} {os.getppid()}")
{"": int, "hang": lambda: time.sleep(600), "die": lambda: os.kill(os.getpid(), 9), "fail": lambda: 1 / 0,
 "input": bad, "gate": gate, "linger": lambda: atexit.register(time.sleep, 600),
 "orphan": lambda: (os.kill(os.getppid(), 9), time.sleep(600)),
 "freeze": lambda: os.kill(os.getppid(), signal.SIGSTOP),
 "fill": lambda: (Path(os.environ["LOYALTY_STEP_FOLDER"]) / "x").write_bytes(bytes(64 << 20)),
 "swell": lambda: (resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32)), bytearray(1 << 33)),
 "large": lambda: (resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 40)),
                   (Path(os.environ["LOYALTY_STEP_FOLDER"]) / "x").write_bytes(bytes(1 << 20)))}[deed]()'''

PLAIN = '''import matplotlib.pyplot as plt
plt.bar(["left", "right"], [1, 2])
_ = plt.title("Right is twice as large")'''

WRITE = '''place = Path(os.environ["LOYALTY_STEP_FOLDER"])
(place / Path(table).parent).mkdir(exist_ok=True)
rows = pa.table({"n": [1, 2, seed], "order_id": ["a", "b", "c"], "line": [1, 1, 1]})
pq.write_table(rows, place / f"{table}.parquet")
seen = {"as_of": as_of or "2020-02-0" + str(seed), "reads": [], "writes": {table: 3}}
_ = (place / "seen.json").write_text(json.dumps(seen))'''


def notebook(step: Step) -> nbformat.NotebookNode:
    """Return the tiny notebook of a step."""
    imports = ("import atexit, json, os, resource, signal, time\nfrom pathlib import Path\n"
               "import pyarrow as pa\nimport pyarrow.parquet as pq\n"
               "from helpers.foundation.errors import GateError, InputError\n"
               "bad = lambda: (_ for _ in ()).throw(InputError('left.csv', 'it is empty'))\n"
               "gate = lambda: (_ for _ in ()).throw(GateError('control', 'it is not met'))")
    cells = [nbformat.v4.new_code_cell(PARAMETERS + MORE.get(step.name, ""), metadata={"tags": ["parameters"]}),
             nbformat.v4.new_code_cell(imports, metadata={"tags": ["imports"]}),
             nbformat.v4.new_code_cell(f"step, table = {step.name!r}, {step.writes[0]!r}"),
             nbformat.v4.new_code_cell(ACT), nbformat.v4.new_code_cell(WRITE)]
    if step.name == "05":
        cells += [nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["explore"]}), nbformat.v4.new_code_cell(PLAIN)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def workbook(folder: Path) -> Workbook:
    """Return the tiny workbook, its notebooks written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in STEPS:
        if not (folder / step.notebook).is_file():
            nbformat.write(notebook(step), folder / step.notebook)
    return Workbook(STEPS, folder)


def main(arguments: list[str]) -> int:
    """Be the door with the tiny workbook, whose folder is named first."""
    from helpers import __main__
    from helpers.pipeline import provenance, steps

    provenance.revision = lambda _: REVISION
    steps.WORKBOOK = workbook(Path(arguments[0]))
    return __main__.main(arguments[1:])


def declare(home: Path) -> None:
    """Write the tiny source profile into a home."""
    folder = home / "data" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.toml").write_text('name = "tiny"\ntitle = "A tiny company"\ncurrency = "EUR"\n')
