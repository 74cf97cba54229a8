"""Registry: every declared table, every section of a study, and the workspace that knows them all."""

from collections import Counter

from helpers.actions import config as actions_config
from helpers.actions import schema as actions_schema
from helpers.actions import working_days
from helpers.churn import config as churn_config
from helpers.churn import schema as churn_schema
from helpers.customers.random_assignment import ARM_LABELS, ControlGroupsConfig
from helpers.experiments import config as experiments_config
from helpers.experiments import schema as experiments_schema
from helpers.foundation import canonical_schema, labels, study_config
from helpers.foundation.errors import InputError, spelling_hint
from helpers.foundation.folders import config_file, config_names, run_folders
from helpers.foundation.schema import Table, schemas_by_name
from helpers.foundation.workspace import Workspace
from helpers.intake import schema as intake_schema
from helpers.loyalty import config as loyalty_config
from helpers.loyalty import schema as loyalty_schema
from helpers.pipeline import notifications, run_retention
from helpers.reporting import finance, targets, translation
from helpers.reporting import schema as reporting_schema
from helpers.satisfaction import config as satisfaction_config
from helpers.satisfaction import schema as satisfaction_schema
from helpers.stats import suppressed_tables
from helpers.value import config as value_config
from helpers.value import schema as value_schema

WINGS = (
    intake_schema,
    satisfaction_schema,
    loyalty_schema,
    value_schema,
    churn_schema,
    experiments_schema,
    actions_schema,
    reporting_schema,
)

SECTIONS = {
    "workbook": run_retention.RetentionConfig,
    "notify": notifications.NotifyConfig,
    "economics": study_config.Economics,
    "labels": study_config.LabelsConfig,
    "report": translation.ReportConfig,
    "satisfaction": satisfaction_config.SatisfactionConfig,
    "loyalty": loyalty_config.LoyaltyConfig,
    "value": value_config.ValueConfig,
    "plan": value_config.PlanConfig,
    "churn": churn_config.ChurnConfig,
    "experiments": experiments_config.ExperimentsConfig,
    "actions": actions_config.ActionsConfig,
    "calendar": working_days.CalendarConfig,
    "control_groups": ControlGroupsConfig,
    "partners": actions_config.PartnersConfig,
    "finance": finance.FinanceConfig,
    "targets": targets.TargetsConfig,
}


def declarations() -> dict[str, Table]:
    """Return every declared table by name: the canonical ones, then each wing's."""
    return schemas_by_name([*canonical_schema.CANONICAL_TABLES, *(table for wing in WINGS for table in wing.TABLES)])


def open_workspace(source: str, run: str = "", as_of: str = "") -> Workspace:
    """Return the workspace of a source with every declared table.

    Parameters
    ----------
    source : str
        Name of the source profile.
    run : str
        Run to read from; ``""`` is the newest finished one.
    as_of : str
        ISO date that the run speaks for; ``""`` is the newest row.

    Raises
    ------
    InputError
        If there is neither a profile of the source nor a finished run, naming the nearest profile.

    Notes
    -----
    Pages call ids by the labels of this source's study, and speak its language, from then on.
    """
    if config_file("sources", source) is None and not run_folders(source):
        hint = spelling_hint(source, config_names("sources"))
        raise InputError("source", f"there is no source profile '{source}'", hint)
    opened = Workspace(source, declarations(), run, as_of, protect=suppressed_tables.suppress_small_cells)
    labels.declare_labels(study_labels(opened.study))
    translation.use_language(opened.study.section("report", translation.ReportConfig).language)
    return opened


def study_labels(study: study_config.Study) -> dict[str, str]:
    """Return what a study calls ids: its own labels, those of its plans of experiments, and the arms of action lists.

    A metric that two plans call differently has no label of its own.
    """
    plans = study.section("experiments", experiments_config.ExperimentsConfig).plans
    named = {(metric, label) for plan in plans.values() for metric, label in plan.metric_labels.items()}
    times = Counter(metric for metric, _ in named)
    metrics = {metric: label for metric, label in sorted(named) if times[metric] == 1}
    experiments = {name: plan.label for name, plan in plans.items() if plan.label}
    return ARM_LABELS | metrics | experiments | study.section("labels", study_config.LabelsConfig).by_id()


def places_text(workspace: Workspace) -> str:
    """Return where tables are written and from which run others are read, in a sentence for people."""
    base = workspace.base
    read = f"run {base.name} of {workspace.source}" if base else f"no run: {workspace.source} has none yet"
    return f"Tables are written to {workspace.folder}; what is not there is read from {read}."


def read_study(source: str) -> study_config.Study:
    """Return the study of a source, every section checked; every default where there is none.

    Raises
    ------
    InputError
        Naming everything that is wrong with it, in one pass.
    """
    path = config_file("studies", source)
    read = study_config.read_study_file(path) if path else study_config.Study()
    problems = [f"{read.where}: there is no section [{name}] ({spelling_hint(name, list(SECTIONS))})"
                for name in read.sections if name not in SECTIONS]
    for name in SECTIONS.keys() & read.sections.keys():
        try:
            read.section(name, SECTIONS[name])
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("study", "; ".join(sorted(problems)))
    return read
