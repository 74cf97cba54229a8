"""Every declared table, and the workspace that knows them all."""

from helpers.actions import tables as actions
from helpers.churn import tables as churn
from helpers.experiments import tables as experiments
from helpers.foundation import canonical
from helpers.foundation.tables import Table, by_name
from helpers.foundation.workspace import Workspace
from helpers.intake import tables as intake
from helpers.loyalty import tables as loyalty
from helpers.reporting import tables as reporting
from helpers.satisfaction import tables as satisfaction
from helpers.value import tables as value

WINGS = (intake, satisfaction, loyalty, value, churn, experiments, actions, reporting)


def declarations() -> dict[str, Table]:
    """Return every declared table by name: the canonical ones, then each wing's."""
    return by_name([*canonical.TABLES, *(table for wing in WINGS for table in wing.TABLES)])


def workspace(source: str, run: str = "", as_of: str = "") -> Workspace:
    """Return the workspace of a source with every declared table.

    Parameters
    ----------
    source : str
        Name of the source profile.
    run : str
        Run to read from; ``""`` is the newest finished one.
    as_of : str
        ISO date that the run speaks for; ``""`` is the newest row.
    """
    return Workspace(source, declarations(), run, as_of)
