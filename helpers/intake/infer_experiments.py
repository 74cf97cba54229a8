"""Drafted experiments: who was assigned to which arm with what outcome, and the plan that the study has to confirm."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from helpers.intake import infer_semantics
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_text import (
    attribute_line,
    column_line,
    column_name,
    date_line,
    sql_list,
    toml_key,
    toml_text,
    unused_remarks,
)

ARM_NAMES = (  # by how much a name alone says that a column holds arms: much, something, next to nothing
    r"(test|ab|a b|exp(eriment(al)?)?|treatment|study|trial) ?(group|arm|variant|cell|condition|version|bucket)?|"
    r"variante?|(is )?treat(ed|ment)?|arm|condition|bucket|assign(ed|ment)( group| arm)?|assigned (variant|to)|"
    r"versuchsgruppe|testgruppe|bedingung|groupe (de )?test",
    r"(.* )?(group|version|variant|treatment|arm|cell)|gruppe|groupe|grupo",
    r"(.* )?(segment|cohort|page)")

MOST_ARMS = 6

CONTROLS = (r"control.*|ctrl|kontroll.*|contr[oô]le|t[eé]moin|psa|placebo",
            r"base ?line|hold ?out|held ?out|status quo",
            r"no .*|none|not .*|un(treated|exposed)|nothing|ohne .*|default|existing|original|old.*|current",
            r"a|0|false|no|nein|non")

BARE = r"[a-z0-9]|true|false|yes|no"

OUTCOMES = (r"(conver|click|purchas|bought|buy|visit|spen[dt]|revenue|retain|retention|respon|sign ?up|subscri|opened|"
            r"order|sales|sold|outcome|result|success|score|metric|churn|session|engag|complet|enrol|donat|play|"
            r"redeem|return|kauf|umsatz|achat|compra|conversi|active|left|cancel)")

FALLS = r"(churn|cancel|unsub|complain|bounce|refund|return|left|error|wait|cost)"

BEFORE = r"(before|pre|prior|previous|baseline|past|history|historical|recency|tenure|age|newbie|vorher|avant|antes)$"

UNITS = r"(unit|visitor|session|visit|subject|participant|cookie|device|store|shop|respondent|recipient|id|uid|userid)"

PLACES = {"cluster_id": r"(cluster|store|shop|school|village|household|team|branch|filiale|region|city)$",
          "stratum": r"(stratum|strata|block|pair|story)$"}

NEGATED = r"(no|not|un|non|in|never|nicht|kein|0|false|lost|fail)"


@dataclass(frozen=True, slots=True)
class ExperimentColumns:
    """What the columns of an experiment's file are.

    Parameters
    ----------
    arm : InferredColumn
        The arm of each unit.
    unit : InferredColumn or None
        Who was assigned; None where no column says it.
    outcomes, covariates : tuple of InferredColumn
        What was measured afterwards and what was known beforehand, as their names say.
    evidence : int
        How much speaks for an experiment: the arm's name (0 to 2), an arm that is called a control, a column that is
        called an outcome.
    """

    arm: InferredColumn
    unit: InferredColumn | None
    outcomes: tuple[InferredColumn, ...]
    covariates: tuple[InferredColumn, ...]
    evidence: int

    @property
    def primary(self) -> InferredColumn:
        """The outcome that is called one, else the first."""
        return next((c for c in self.outcomes if _called(c, OUTCOMES)), self.outcomes[0])


def experiment_columns(view: FileView) -> ExperimentColumns | None:
    """Return what the columns of an experiment's file are, None where a file does not look like one.

    Parameters
    ----------
    view : FileView
        The file.
    """
    found = [e for c in view.form.columns if (e := _evidenced(view, c))]
    best = max(found, key=lambda e: e.evidence, default=None)
    return best if best and best.evidence >= 2 else None


def arm_column(view: FileView) -> InferredColumn | None:
    """Return the column that names the arm of each row, by its name and a control among its values; None: none does."""
    named = [(strength + bool(control_arm(_arms(c))), c) for c in view.form.columns if (strength := _name_strength(c))
             and c.kind in ("text", "flag") and 2 <= c.n_distinct <= MOST_ARMS]
    return max(named, key=lambda found: found[0], default=(0, None))[1]


def outweighs_orders(found: ExperimentColumns | None) -> bool:
    """Return whether a file with money and dates is an experiment all the same: one record a unit, and much says so."""
    return found is not None and found.evidence >= 3 and (found.unit is None or found.unit.is_unique)


def draft_experiment(view: FileView, found: ExperimentColumns) -> DraftedTable:
    """Return the table of assignments, and the plan of the experiment for the study."""
    name, unit, arm = view.form.name, found.unit, found.arm
    when = next(iter(view.moments), None)
    places = {n: c for n, sought in PLACES.items() if (c := _place(view, found, sought))}
    who = "no column says who was assigned; each record is one" if unit is None else "who was assigned" + (
        "" if unit.is_unique else "; it repeats: records in one arm are aggregated, one in another arm is told")
    body = [column_line("experiment", f"'{name}'", "what it is called"),
            column_line("unit_id", unit.quoted if unit else "record", who),
            _arm_line(arm)]
    body += [date_line("assigned_at", when)] if when else []
    body += [column_line(n, c.quoted, f"{n.split('_')[0]} of the unit") for n, c in places.items()]
    body += [_outcome_line(c) for c in found.outcomes]
    body += [f"{attribute_line('covariate_', c)} {GUESS}known before the experiment" for c in found.covariates]
    used = [unit, arm, when, *places.values(), *found.outcomes, *found.covariates]
    drafted = draft_table(view, "assignments", [*body, *unused_remarks(view.form.columns, used)], used)
    return DraftedTable(drafted.table, drafted.lines, drafted.files, drafted.has_dates, tuple(_plan(name, found)))


def _evidenced(view: FileView, arm: InferredColumn) -> ExperimentColumns | None:
    """Return an experiment's columns where one of them may hold its arms."""
    strength = _name_strength(arm)
    if strength is None or not 2 <= arm.n_distinct <= MOST_ARMS or arm.kind not in ("text", "integer", "flag"):
        return None
    unit = _unit(view, arm)
    measured = [c for c in view.form.columns if c not in (arm, unit) and _is_outcome(c)]
    before = _known_before(view, arm, measured)
    outcomes = tuple(c for c in measured if c not in before)
    n_answers = sum(c.is_scale for c in outcomes)
    if not outcomes or (n_answers >= 3 and strength < 2):
        return None
    named = [v for v in _arms(arm) if _control_rank(v) is not None and (strength or not re.fullmatch(BARE, v.lower()))]
    has_outcome = any(_called(c, OUTCOMES) for c in outcomes)
    return ExperimentColumns(arm, unit, outcomes, before, strength + bool(named) + has_outcome)


def _known_before(
    view: FileView, arm: InferredColumn, measured: Sequence[InferredColumn]
) -> tuple[InferredColumn, ...]:
    """Return what was known before: what is called so, and what stands before the arm where outcomes stand behind it.

    Records are written as they come about: who somebody is, the arm, what came of it.
    """
    place = {c.name: i for i, c in enumerate(view.form.columns)}
    has_later = any(_called(c, OUTCOMES) and place[c.name] > place[arm.name] for c in measured)
    earlier = [c for c in measured if has_later and place[c.name] < place[arm.name] and not _called(c, OUTCOMES)]
    return tuple(c for c in measured if c.kind != "text" and (c in earlier or _called(c, BEFORE)))


def _name_strength(column: InferredColumn) -> int | None:
    plain = " ".join(name_words(column.name))
    return next((2 - i for i, names in enumerate(ARM_NAMES) if re.fullmatch(names, plain)), None)


def _unit(view: FileView, arm: InferredColumn) -> InferredColumn | None:
    """Return the column of units: the customer's, else a key, else one that is called a unit and has many values."""
    keys = [c for c in view.form.columns if c != arm and c.kind in ("text", "integer") and not c.is_scale]
    called = [c for c in keys if any(re.fullmatch(UNITS, w) for w in name_words(c.name)) and c.n_distinct > MOST_ARMS]
    who = view.known.get("customer_id")
    unique = [c for c in keys if c.is_unique and (c.kind == "text" or infer_semantics.is_called_key(c))]
    return next(iter([*(c for c in called if c.is_unique), *([who] if who in keys else []), *called, *unique]), None)


def _is_outcome(column: InferredColumn) -> bool:
    if column.kind == "text":
        return column.n_distinct == 2 and _called(column, OUTCOMES) and _positive(column) is not None
    is_unbroken = column.high - column.low == column.n_distinct - 1
    is_number_of_row = column.kind == "integer" and column.is_unique and is_unbroken
    is_value = (column.is_number or column.kind == "flag") and column.n_distinct > 1 and not is_number_of_row
    return is_value and not infer_semantics.is_called_key(column)


def _called(column: InferredColumn, pattern: str) -> bool:
    """Return whether a word of a column's name begins as the pattern says, or is it where the pattern ends with $."""
    return any(re.match(pattern, w) for w in name_words(column.name))


def _positive(column: InferredColumn) -> str | None:
    """Return which of two texts says that something happened; None where that cannot be told."""
    left = [v for v in column.values.to_pylist() if not re.match(NEGATED, v.lower())]
    return left[0] if len(left) == 1 else None


def _place(view: FileView, found: ExperimentColumns, sought: str) -> InferredColumn | None:
    taken = (found.arm, found.unit, *found.outcomes, *found.covariates)
    return next((c for c in view.form.columns if c not in taken and not c.is_unique and c.kind in ("text", "integer")
                 and _called(c, sought) and c.n_distinct > 1), None)


def _arms(arm: InferredColumn) -> list[str]:
    return sorted(arm.values.to_pylist())


def _arm_line(arm: InferredColumn) -> str:
    """Return the line of the arm; a yes or no, or a 0 or 1, gets names that a sentence can bear."""
    arms = _arms(arm)
    treated = next((v for v in arms if v.lower() in ("1", "true", "yes")), "")
    if len(arms) == 2 and treated and _control(arm):
        named = {_control(arm): "control", treated: "treatment"}
        told = ", ".join(f"{toml_key(old)} = {toml_text(new)}" for old, new in named.items())
        return f"variant = {{ from = {toml_text(arm.quoted)}, values = {{ {told} }} }} {GUESS}the arm"
    return column_line("variant", arm.quoted, f"the arm: {', '.join(arms)}")


def _outcome_line(column: InferredColumn) -> str:
    mark = f" {GUESS}an outcome; covariate_ where it was known before"
    if column.kind != "text":
        return attribute_line("metric_", column) + mark
    yes = _positive(column)
    no = [v for v in column.values.to_pylist() if v != yes]
    made = f"case {column.quoted} when {sql_list([str(yes)])} then 1 when {sql_list(no)} then 0 end"
    return column_line(f"metric_{column_name(column)}", made) + mark


def _control_rank(value: str) -> int | None:
    plain = re.sub(r"[\s_-]+", " ", value.strip().lower())
    return next((i for i, names in enumerate(CONTROLS) if re.fullmatch(names, plain)), None)


def _control(arm: InferredColumn) -> str:
    return control_arm(_arms(arm))


def control_arm(arms: Sequence[str]) -> str:
    """Return the arm that is called a control, in the order of how surely; empty where none is, or two alike."""
    ranked = sorted((rank, v) for v in arms if (rank := _control_rank(v)) is not None)
    is_clear = ranked and [rank for rank, _ in ranked].count(ranked[0][0]) == 1
    return ranked[0][1] if is_clear else ""


def _plan(name: str, found: ExperimentColumns) -> Iterator[str]:
    """Yield the experiment's plan: what the data cannot say is left to be confirmed, never taken from what came out."""
    arms, control, metric = _written_arms(found.arm), _control(found.arm), found.primary
    shown = "control" if control and "control" in arms else control
    yield from plan_lines(name, arms, shown, column_name(metric))
    likely = [c for c in found.covariates if set(name_words(metric.name)) & set(name_words(c.name))]
    if likely:
        yield f"# covariate = {toml_text('covariate_' + column_name(likely[0]))} # confirm: known before, to adjust by"
    if found.unit is not None and not found.unit.is_unique:
        yield (f"# aggregation = {{ {toml_key(column_name(metric))} = \"sum\" }} # confirm: how several records of a "
               "unit in one arm become one: sum, mean or any")
    yield "# ends_on = 2025-12-31 # confirm: the day of the one planned look"


def plan_lines(name: str, arms: Sequence[str], control: str, metric: str) -> Iterator[str]:
    """Yield the plan of an experiment for the study; an empty control is asked for.

    Parameters
    ----------
    name : str
        The experiment, as the profile calls it.
    arms : sequence of str
        Its arms.
    control : str
        The arm that is called a control; empty where none is.
    metric : str
        The outcome that decides.
    """
    yield f"[experiments.{toml_key(name)}]"
    yield f"hypothesis = {toml_text(f'the arms differ in {metric}')} # confirm: what was expected, and why"
    yield f"control = {toml_text(control)} " + (
        f"{GUESS}the arm that the others are compared with" if control else f"# fill in, one of: {', '.join(arms)}")
    yield f"primary_metric = {toml_text(metric)} {GUESS}the one outcome that decides"
    equal = ", ".join(f"{toml_key(a)} = {1 / len(arms):.4g}" for a in arms)
    yield f"# shares = {{ {equal} }} # confirm: as planned, not as they came out; without it none were recorded"
    if re.search(FALLS, metric.lower()):
        yield f"lower_is_better = true {GUESS}a fall is the improvement"


def _written_arms(arm: InferredColumn) -> Sequence[str]:
    """Return the arms as the profile writes them."""
    return re.findall(r'= "(control|treatment)"', _arm_line(arm)) or _arms(arm)
