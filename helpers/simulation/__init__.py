"""The simulated company: any size, seeded, with planted truth that only tests read.

* ``arrow_columns``: Numpy arrays as Arrow columns: ids, labels, days, times, money.
* ``buying_centres``: Simulated business accounts: buying centres, influence, opportunities.
* ``company``: The simulated company, block by block or whole: canonical tables, and beside them the truth.
* ``contacts_and_visits``: Simulated outreach and web use: consents, contacts, offers, visits.
* ``contracts``: Simulated subscriptions: who holds one, for how long, and why it ended.
* ``customer_traits``: Simulated customers: what they feel, how often they buy, what ties them, when they churn.
* ``dirty_records``: Dirty records: copies of records, each spoilt in one way that intake must reject.
* ``file_writer``: Writes the simulated company's raw files, and beside their folder the truth that tests read.
* ``list_response``: Simulated response to lists that runs drew: who is contacted of the treated, and the orders that
  this brings.
* ``order_lines``: Simulated orders: Pareto/NBD in time, gamma-gamma in money; repurchase by satisfaction.
* ``planted_experiments``: Simulated experiments: an effect, none, a heterogeneous effect, a sample ratio mismatch, a
  coalition of partners.
* ``planted_truth``: Planted parameters of the simulated company: every number that a model should find again.
* ``programme``: Simulated points programme: who enrols when and buys more, lots that are redeemed or expire, tiers by
  sales.
* ``questionnaire``: Questionnaire of the simulated company: items, scales, brand attributes.
* ``raw_files``: Raw files as the simulated company would deliver them: own column names and date forms.
* ``service_cases``: Simulated service cases: complaints, their handling, and a week in which complaints burst.
* ``survey_waves``: Simulated survey: waves, invitations, who answers, and what they answer and write.
"""

from helpers.simulation.company import CUSTOMERS, SEED, Company, Truth, simulate_company
from helpers.simulation.file_writer import is_current, truth_folder, write_files

__all__ = ["CUSTOMERS", "SEED", "Company", "Truth", "is_current", "simulate_company", "truth_folder", "write_files"]
