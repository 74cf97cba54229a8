"""The simulated company: any size, seeded, with planted truth that only tests read.

`world` and `planted` hold the planted parameters. `people` and their `character`, `purchases`, `contracts`, `visits`,
`consents` and contacts, the `survey` with its `questionnaire`, `brands`, `answers` and `curve`, `service`, the points
`programme`, buying `centres` and `trials` draw from them; `blocks` puts blocks of customers together; `raw` and
`files` deliver them as a real company would.
"""

from helpers.intake.simulation.blocks import CUSTOMERS, SEED, Company, Truth, company
from helpers.intake.simulation.files import is_current, truth_folder, write

__all__ = ["CUSTOMERS", "SEED", "Company", "Truth", "company", "is_current", "truth_folder", "write"]
