"""The steps of a run as data: which notebook answers which question, from which tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.foundation import folders
from helpers.foundation.canonical_schema import CANONICAL_TABLES as CANONICAL
from helpers.foundation.errors import InputError
from helpers.reporting.schema import READ


@dataclass(frozen=True, slots=True)
class Step:
    """One notebook of the workbook.

    Parameters
    ----------
    name : str
        Two digits: ``"05"``.
    notebook : str
        File name in the folder of notebooks.
    title, question : str
        For people.
    enables : str
        What the step would answer if its tables were there, for the page of a step that is not applicable.
    reads : tuple of str
        At least one of these tables must have rows, else the step is not applicable; empty: it always is.
    reads_if_present : tuple of str
        Tables that it uses where they are.
    reads_of_earlier : tuple of str
        Tables of earlier finished runs that it uses; rows of one make the step applicable too.
    writes : tuple of str
        Tables that it may write.
    writes_early : tuple of str
        Of these, tables on which others may begin while it still works; it does not read them back.
    minutes : float
        The step is ended if it takes longer [minutes].
    """

    name: str
    notebook: str
    title: str
    question: str
    enables: str = ""
    reads: tuple[str, ...] = ()
    reads_if_present: tuple[str, ...] = ()
    reads_of_earlier: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    writes_early: tuple[str, ...] = ()
    minutes: float = 20

    @property
    def stem(self) -> str:
        """The notebook's name without its ending; names its page too."""
        return Path(self.notebook).stem

    def after(self, steps: Iterable["Step"], there: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names of the steps that write what this one reads, but for tables that are there already."""
        read = {*self.reads, *self.reads_if_present} - set(there)
        return tuple(s.name for s in steps if s.name != self.name and read & set(s.writes))


@dataclass(frozen=True, slots=True)
class Workbook:
    """Steps, in order, and the folder that holds their notebooks."""

    steps: tuple[Step, ...]
    folder: Path

    def path(self, step: Step) -> Path:
        """Return a step's notebook."""
        return self.folder / step.notebook

    @property
    def scratch(self) -> Path:
        """The folder of copies for work by hand."""
        return self.folder / folders.SCRATCH

    def before(self, steps: Iterable[Step], there: Iterable[str] = ()) -> list[Step]:
        """Return the steps that some steps rest on, directly or not, but for these themselves and tables there."""
        names, found = {s.name for s in steps}, set()
        for step in reversed(self.steps):
            if step.name in names | found:
                found |= {*step.after(self.steps, there)}
        return [s for s in self.steps if s.name in found - names]

    @property
    def early(self) -> set[str]:
        """The tables that are written early."""
        return {table for step in self.steps for table in step.writes_early}

    def behind(self, step: Step) -> list[Step]:
        """Return the steps that wait for the end of this one, directly or not."""
        return [s for s in self.steps if step in self.before([s], self.early)]

    def is_alone(self, step: Step) -> bool:
        """Return whether every other step waits for the end of this one or this one for its: none works beside it."""
        return len(self.before([step], self.early)) + len(self.behind(step)) == len(self.steps) - 1

    def in_order(self, steps: Iterable[Step]) -> list[Step]:
        """Return steps in the order to begin them: first those for whose end most wait, then those behind fewest."""
        return sorted(steps, key=lambda step: (-len(self.behind(step)), len(self.before([step]))))

    def possible(self, tables: Iterable[str]) -> list[Step]:
        """Return the steps that need some table and could run on these and on what comes of them."""
        there, found = set(tables), []
        for step in self.steps:
            if there & set(step.reads):
                found.append(step)
                there |= set(step.writes)
        return found

    def selected(self, first: str = "", only: str = "") -> tuple[Step, ...]:
        """Return the steps to run: from one on, only one, or all.

        Raises
        ------
        InputError
            If both are given, or there is no such step.
        """
        if first and only:
            raise InputError("--from, --only", "both are given", "one of them")
        names = [s.name for s in self.steps]
        for option, name in (("--from", first), ("--only", only)):
            if name and name.zfill(2) not in names:
                raise InputError(option, f"there is no step '{name}'", ", ".join(names))
        if only:
            return tuple(s for s in self.steps if s.name == only.zfill(2))
        return tuple(s for s in self.steps if s.name >= first.zfill(2))


def waiting_for(
    step: Step, steps: Sequence[Step], settled: Iterable[str], there: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the names of the steps that must be settled before this one can start, given the tables there already."""
    return tuple(name for name in step.after(steps, there) if name not in set(settled))


INTAKE = Step(
    "01", "01_data_intake.ipynb", "Data intake", "What arrived, and what of it can be trusted?",
    writes=(*(t.name for t in CANONICAL), "results/intake_audit", "results/intake_gates", "rejected/records",
            "rejected/parts"),
)

SATISFACTION = Step(
    "02", "02_satisfaction_measurement.ipynb", "Satisfaction measurement", "How satisfied are our customers?",
    enables="how satisfied customers are, with an interval, and how far the questionnaire can be trusted",
    reads=("canonical/responses",),
    reads_if_present=("canonical/respondents", "canonical/items", "canonical/customers", "canonical/transactions",
                      "canonical/subscriptions", "canonical/invitations", "canonical/cases", "canonical/events",
                      "canonical/contacts"),
    writes=("results/satisfaction_scores", "results/satisfaction_index", "results/satisfaction_paths",
            "results/satisfaction_drivers", "results/satisfaction_context", "results/satisfaction_comments",
            "results/survey_quality", "results/satisfaction_gates", "results/satisfaction_claims"),
)

LOYALTY = Step(
    "03", "03_loyalty_modelling.ipynb", "Loyalty modelling", "Who is loyal, and of which kind?",
    enables="who is loyal and why, from which satisfaction on customers come back, and what a programme owes",
    reads=("canonical/transactions", "canonical/subscriptions", "canonical/responses", "canonical/points"),
    reads_if_present=("canonical/respondents", "canonical/items", "canonical/customers", "canonical/memberships",
                      "canonical/contacts", "canonical/events", "results/intake_gates"),
    writes=("results/loyalty_customers", "results/loyalty_matrix", "results/loyalty_kinds", "results/loyalty_curve",
            "results/loyalty_threshold", "results/loyalty_drivers", "results/loyalty_scores",
            "results/programme_liability", "results/programme_cohorts", "results/tier_moves",
            "results/loyalty_service", "results/loyalty_claims", "results/loyalty_gates"),
)

VALUE = Step(
    "04", "04_customer_value.ipynb", "Customer value", "What are our customers worth?",
    enables="which customers make revenue move, and what each tier is worth",
    reads=("canonical/transactions", "canonical/subscriptions"),
    reads_if_present=("canonical/customers", "canonical/cases", "canonical/contacts", "canonical/points",
                      "canonical/responses", "canonical/respondents", "canonical/items",
                      "results/satisfaction_scores", "results/loyalty_customers", "results/intake_gates"),
    writes=("results/customer_base", "results/customer_value", "results/value_tiers", "results/value_models",
            "results/value_holdout", "results/value_forecasts", "results/sales_forecast", "results/tier_migration",
            "results/value_economics",
            "results/life_cycle", "results/value_balance", "results/value_indices", "results/customer_segments",
            "results/segment_summary", "results/positioning", "results/value_claims", "results/value_gates"),
    writes_early=("results/customer_value",),
)

CHURN = Step(
    "05", "05_churn_prediction.ipynb", "Churn prediction", "Who is about to leave?",
    enables="who is likely to be lost within the horizon, and how far that can be relied on",
    reads=("canonical/transactions", "canonical/subscriptions"),
    reads_if_present=("canonical/cases", "canonical/contacts", "canonical/events", "canonical/points",
                      "canonical/responses", "canonical/respondents", "canonical/items", "results/intake_gates"),
    reads_of_earlier=("results/alerts", "results/assignments_drawn"),
    writes=("results/churn_models", "results/churn_scores", "results/churn_reasons", "results/churn_charts",
            "results/churn_by_attribute", "results/crisis_recovery", "results/churn_claims", "results/alerts",
            "results/alert_grades", "results/forecasts", "results/churn_gates"),
    writes_early=("results/churn_scores", "results/forecasts", "results/alerts", "results/churn_gates"),
)

EXPERIMENTS = Step(
    "06", "06_ab_evaluation.ipynb", "A/B evaluation", "Did what we tried work?",
    enables="whether what was tried worked, once units are assigned at random",
    reads=("canonical/assignments", "canonical/experiment_aggregates"),
    reads_if_present=("canonical/transactions", "canonical/subscriptions", "canonical/responses",
                      "canonical/respondents", "canonical/items", "canonical/contacts"),
    reads_of_earlier=("results/assignments_drawn",),
    writes=("results/experiment_gates", "results/experiment_effects", "results/targeting_curve"),
)

ACTIONS = Step(
    "07", "07_action_plan.ipynb", "Action plan", "What next, for whom, with which means?",
    enables="whom to approach first, with a random control group so that the effect can be measured",
    reads=("results/customer_value", "results/churn_scores"),
    reads_if_present=("results/churn_gates", "results/forecasts", "results/alerts", "results/experiment_effects",
                      "canonical/contacts", "canonical/consents", "canonical/customers", "canonical/cases",
                      "canonical/offers", "canonical/opportunities", "canonical/ties", "canonical/transactions",
                      "canonical/subscriptions", "canonical/points", "canonical/assignments", "canonical/events",
                      "results/satisfaction_scores", "results/loyalty_customers"),
    reads_of_earlier=("results/assignments_drawn", "results/actions"),
    writes=("results/actions", "results/campaigns", "results/alert_answers", "results/assignments_drawn",
            "results/decisions", "results/key_accounts", "results/partners", "results/action_gates"),
)

SUMMARY = Step(
    "08", "08_leadership_summary.ipynb", "Leadership summary", "What must leadership know and decide?",
    reads_if_present=(*READ, "canonical/transactions", "canonical/subscriptions", "rejected/records"),
    writes=("results/kpis", "results/kpi_history", "results/definitions_log", "results/headlines", "results/gates",
            "results/claims", "results/forecast_grades"),
)

STEPS = (INTAKE, SATISFACTION, LOYALTY, VALUE, CHURN, EXPERIMENTS, ACTIONS, SUMMARY)

WORKBOOK = Workbook(STEPS, folders.CHECKOUT_FOLDER / "notebooks")
