"""A workbook of five tiny notebooks that do what they are told; as a script, the door with that workbook."""

import sys
from pathlib import Path

import nbformat
from nbformat import v4

from helpers.pipeline.steps import Step, Workbook

STEPS = (
    Step("01", "01_in.ipynb", "In", "What came?", writes=("canonical/transactions", "canonical/responses")),
    Step("02", "02_left.ipynb", "Left", "What is left?", "what is left", ("canonical/transactions",), (),
         ("results/left",)),
    Step("03", "03_right.ipynb", "Right", "What is right?", "what is right", ("canonical/transactions",), (),
         ("results/right",)),
    Step("04", "04_asked.ipynb", "Asked", "What was asked?", "what was asked", ("canonical/responses",), (),
         ("results/asked",)),
    Step("05", "05_end.ipynb", "End", "What comes of it?", reads_if_present=("results/left", "results/right"),
         writes=("results/end",)),
)

PARAMETERS = '''source: str = "tiny"  # source profile [name]
run: str = ""  # run to read from, empty for the newest [run]
as_of: str = ""  # date the run speaks for, empty for the newest row [ISO date]
seed: int = 1  # seed of every random draw [integer]
act: str = ""  # what a step is to do [step:deed]'''
RIGHT = PARAMETERS + "\nwidth: float = 1.5  # width of the right [metres]"

ACT = '''from pathlib import Path
deed = act.partition(":")[2] if act.startswith(step) else ""
mark = Path(os.environ["LOYALTY_HOME"]) / f"{step}.{deed or 'good'}"
mark.write_text(str(os.getpid()))
{"": int, "hang": lambda: time.sleep(600), "die": lambda: os.kill(os.getpid(), 9), "slow": lambda: time.sleep(1.5),
 "fail": lambda: 1 / 0, "linger": lambda: __import__("atexit").register(time.sleep, 600), "input": bad, "gate": gate,
 "deaf": lambda: threading.Timer(.2, ctypes.PyDLL(None).sleep, [600]).start()}[deed]()'''

WRITE = '''place = Path(os.environ["LOYALTY_STEP_FOLDER"]) if "LOYALTY_STEP_FOLDER" in os.environ else Path(".")
(place / Path(table).parent).mkdir(exist_ok=True)
pq.write_table(pa.table({"n": [1, 2, seed]}), place / f"{table}.parquet")
seen = {"as_of": as_of or "2020-02-0" + str(seed), "reads": [], "writes": {table: 3}}
_ = (place / "seen.json").write_text(json.dumps(seen))'''


def notebook(step: Step) -> nbformat.NotebookNode:
    """Return the tiny notebook of a step."""
    imports = ("import ctypes, json, os, threading, time\nimport pyarrow as pa\nimport pyarrow.parquet as pq\n"
               "from helpers.foundation.errors import GateError, InputError\n"
               "bad = lambda: (_ for _ in ()).throw(InputError('left.csv', 'it is empty'))\n"
               "gate = lambda: (_ for _ in ()).throw(GateError('control', 'it is not met'))")
    cells = [v4.new_code_cell(RIGHT if step.name == "03" else PARAMETERS, metadata={"tags": ["parameters"]}),
             v4.new_code_cell(imports, metadata={"tags": ["imports"]}),
             v4.new_code_cell(f"step, table = {step.name!r}, {step.writes[0]!r}"),
             v4.new_code_cell(ACT), v4.new_code_cell(WRITE)]
    return v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3",
                                                                 "language": "python"}})


def workbook(folder: Path) -> Workbook:
    """Return the tiny workbook, its notebooks written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for step in STEPS:
        if not (folder / step.notebook).is_file():
            nbformat.write(notebook(step), folder / step.notebook)
    return Workbook(STEPS, folder)


if __name__ == "__main__":
    from helpers import __main__ as door
    from helpers.pipeline import steps

    steps.WORKBOOK = workbook(Path(sys.argv[1]))
    sys.exit(door.main(sys.argv[2:]))
