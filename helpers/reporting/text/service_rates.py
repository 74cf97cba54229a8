"""Text on service: the nested funnel of cases, what each stage leaves undone, control charts of the rates."""

from collections.abc import Sequence

from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.satisfaction.service_quality import (
    CASE_FUNNEL,
    COMPLAINTS_PER_BUYER,
    CUSTOMER_INFORMED,
    DAYS_TO_BE_HANDLED,
    DISSATISFACTION_RATE,
    OMISSION_RATE,
)
from helpers.stats.control_charts.spc_charts import ChartSet, ControlChart

STAGES = {"handled": "were handled", "reviewed": "were also reviewed",
          "corrective action": "were handed to design, production or operations as a corrective action",
          CUSTOMER_INFORMED: "were answered to the customer"}

OMISSIONS = {"handled": "cases not handled", "reviewed": "handled cases not reviewed",
             "corrective action": "reviewed cases without a corrective action",
             CUSTOMER_INFORMED: "handled cases whose customer did not hear back"}

TITLES = {COMPLAINTS_PER_BUYER: "complaints per 100 buyers", DISSATISFACTION_RATE: "cases with dissatisfying handling",
          **{f"{OMISSION_RATE}: {stage}": words for stage, words in OMISSIONS.items()}}


def service_funnel_sentence(rows: Sequence[Estimate]) -> str:
    """Return how many cases reach each stage; empty where none is recorded.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.service_quality.service_estimates`.
    """
    known = {(e.quantity, e.segment): e for e in rows if e.status is Status.OK}
    reached = [(stage, known[f"share {stage}", "all"]) for stage in (*CASE_FUNNEL, CUSTOMER_INFORMED)
               if (f"share {stage}", "all") in known]
    if not reached:
        return ""
    said = [f"{formatting.share(e.value)} {STAGES[stage]}" for stage, e in reached]
    unknown = [s for s in CASE_FUNNEL if (f"share {s}", "all") not in known]
    names = formatting.join_words([STAGES[s].replace("also ", "") for s in unknown])
    gap = f" Which {names} is not recorded." if unknown else ""
    cases = formatting.count_text(reached[0][1].n, "case", "cases")
    return (f"Of {cases} reported more than {DAYS_TO_BE_HANDLED} days ago, {formatting.join_words(said)}; not every "
            f"case calls for every stage.{gap}")


def service_rate_title(chart: ControlChart) -> str:
    """Return the finding above the control chart of a rate of service."""
    name = formatting.sentence_case(TITLES[chart.course.name])
    if not chart.points["is_live"].any():
        return f"{name}: too few months for a control chart, so there is no alarm"
    if chart.alarms.empty:
        live = chart.points.loc[chart.points["is_live"], "on"]
        return (f"{name}: no alarm in the months watched, {live.min():%Y-%m} to {live.max():%Y-%m}"
                f"{_left_out(chart)}")
    last = chart.alarms.iloc[-1]
    return f"{name}: {last['kind']} {last['direction']} the limits, signalled in {last['on']:%Y-%m}{_left_out(chart)}"


def _left_out(chart: ControlChart) -> str:
    """Return which months lie so far beyond the limits that these were drawn without them."""
    months = formatting.join_words([f"{on:%Y-%m}" for on in chart.left_out_of_baseline["on"]], none="")
    return f"; the limits are drawn without {months}, far beyond them" if months else ""


def _alarms(n: float) -> str:
    said = formatting.number(n, 2)
    return f"{said} alarm{'' if said == '1' else 's'}"


def service_rate_alarms(board: ChartSet) -> str:
    """Return which service rates raised alarms on their control charts, and how many false ones are to be expected.

    Parameters
    ----------
    board : ChartSet
        From `helpers.satisfaction.service_quality.service_charts`.
    """
    watched = [chart for chart in board.charts if chart.points["is_live"].any()]
    if not watched:
        return "No rate of service has the months that a control chart needs: no alarm can be given."
    told = [f"{row.chart}: {row.kind} {row.direction} the limits, begun about {row.began_on:%Y-%m}, signalled in "
            f"{row.on:%Y-%m}" for row in board.alarms.itertuples()]
    rates = formatting.count_text(len(watched), "charted rate", "charted rates")
    quiet = f"No alarm from {rates} in the months after the baseline"
    live = board.false_alarms_a_year
    expected = (
        f" By chance alone the charts that watch now would give about {_alarms(live)} a year."
        if live > 0
        else " None of them can raise an alarm at present."
    )
    return f"{formatting.sentence_case('; '.join(told)) if told else quiet}.{_far_beyond(watched)}{expected}"


def _far_beyond(charts: Sequence[ControlChart]) -> str:
    """Return what was far beyond the limits in the months that these are learnt from."""
    far = [f"{TITLES[c.course.name]} in {on:%Y-%m} ({formatting.unit_format(c.course.unit)(value)})"
           for c in charts for on, value in c.left_out_of_baseline[["on", "value"]].itertuples(index=False)]
    return f" Far beyond the limits in the baseline: {formatting.join_words(far)}." if far else ""
