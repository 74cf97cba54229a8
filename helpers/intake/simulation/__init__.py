"""The simulated company: any size, seeded, with planted truth that only tests read.

`world` holds the planted parameters, `people`, `purchases`, `survey`, `service`, `programme` and `trials` draw from
them, and `company` puts blocks of customers together.
"""

from helpers.intake.simulation.company import CUSTOMERS, SEED, Company, Truth, company

__all__ = ["CUSTOMERS", "SEED", "Company", "Truth", "company"]
