"""The simulated company: any size, seeded, with planted truth that only tests read.

`world` holds the planted parameters. `people` and their `character`, `purchases`, `contracts`, the `survey` with its
`questionnaire`, `answers` and `curve`, `service`, the points `programme` and `trials` draw from them; `blocks` puts
blocks of customers together; `raw` and `files` deliver them as a real company would.
"""

from helpers.intake.simulation.blocks import CUSTOMERS, SEED, Company, Truth, company
from helpers.intake.simulation.files import is_current, truth_folder, write

__all__ = ["CUSTOMERS", "SEED", "Company", "Truth", "company", "is_current", "truth_folder", "write"]
