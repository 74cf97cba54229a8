"""Libraries and notebook imports loaded once, in the server from which workers and kernels are forked.

Imported for its effect. An import that fails here is left to the notebook, whose cell then says why.
"""

from helpers.pipeline.steps import WORKBOOK
from helpers.pipeline.worker import preload

preload(sorted(WORKBOOK.folder.glob("*.ipynb")))
