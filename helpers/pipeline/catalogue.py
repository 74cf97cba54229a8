"""Every declared table, every section of a study, and the workspace that knows them all."""

from helpers.actions import assumptions as actions_assumptions
from helpers.actions import tables as actions
from helpers.churn import assumptions as churn_assumptions
from helpers.churn import tables as churn
from helpers.experiments import assumptions as experiments_assumptions
from helpers.experiments import tables as experiments
from helpers.foundation import canonical
from helpers.foundation import study as studies
from helpers.foundation.errors import InputError, nearest
from helpers.foundation.tables import Table, by_name
from helpers.foundation.workspace import Workspace, declared_file
from helpers.intake import tables as intake
from helpers.loyalty import assumptions as loyalty_assumptions
from helpers.loyalty import tables as loyalty
from helpers.methods import disclosure_control
from helpers.pipeline import retention
from helpers.reporting import tables as reporting
from helpers.satisfaction import assumptions as satisfaction_assumptions
from helpers.satisfaction import tables as satisfaction
from helpers.value import assumptions as value_assumptions
from helpers.value import tables as value

WINGS = (intake, satisfaction, loyalty, value, churn, experiments, actions, reporting)
SECTIONS = {
    "workbook": retention.Assumptions,
    "economics": studies.Economics,
    "satisfaction": satisfaction_assumptions.Assumptions,
    "loyalty": loyalty_assumptions.Assumptions,
    "value": value_assumptions.Assumptions,
    "churn": churn_assumptions.Assumptions,
    "experiments": experiments_assumptions.Assumptions,
    "actions": actions_assumptions.Assumptions,
}


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
    return Workspace(source, declarations(), run, as_of, protect=disclosure_control.protected)


def study(source: str) -> studies.Study:
    """Return the study of a source, every section checked; every default where there is none.

    Raises
    ------
    InputError
        Naming everything that is wrong with it, in one pass.
    """
    path = declared_file("studies", source)
    read = studies.read(path) if path else studies.Study()
    problems = [f"{read.where}: there is no section [{name}] ({nearest(name, list(SECTIONS))})"
                for name in read.sections if name not in SECTIONS]
    for name in SECTIONS.keys() & read.sections.keys():
        try:
            read.section(name, SECTIONS[name])
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("study", "; ".join(sorted(problems)))
    return read
