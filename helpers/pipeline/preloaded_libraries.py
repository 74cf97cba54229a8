"""Libraries and notebook imports loaded once, in the server from which workers and kernels are forked.

Imported for its effect. An import that fails here is left to the notebook, whose cell then says why.
"""

import contextlib
import gc
import importlib
import os

from helpers.pipeline.steps import WORKBOOK
from helpers.pipeline.worker import imported_modules

os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # a kernel says so too late for what is loaded

for _notebook in sorted(WORKBOOK.folder.glob("*.ipynb")):
    for _module in imported_modules(_notebook):
        with contextlib.suppress(Exception):
            importlib.import_module(_module)
with contextlib.suppress(Exception):
    importlib.import_module("ipykernel.kernelapp")
    importlib.import_module("ibis.backends.duckdb")
gc.collect()
gc.freeze()  # what is shared stays shared: the collector of a forked process does not touch it
