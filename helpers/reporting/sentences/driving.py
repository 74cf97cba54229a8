"""What the satisfaction page says of drivers, paths, and whether constructs can be told apart."""

from collections.abc import Callable

import pandas as pd

from helpers.foundation.estimates import Status
from helpers.methods.drivers import RELEVANT
from helpers.methods.intervals import Interval
from helpers.reporting import words
from helpers.satisfaction.effects import INDEX, Drivers
from helpers.satisfaction.structure import Absent
from helpers.satisfaction.validity import Validity

TIE = 0.05


def _share(i: Interval) -> str:
    return f"{words.share(i.value)} {words.interval(i.low, i.high, words.share)}".strip()


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]])


def failure(valid: Validity | None, paths: pd.DataFrame) -> str:
    """Return that discriminant validity fails, how many effects are struck and what does not belong; empty if it holds.

    Parameters
    ----------
    valid : Validity or None
        From `helpers.satisfaction.validity.validity_of`.
    paths : DataFrame
        ``results/satisfaction_paths``.
    """
    if valid is None or not valid.confused:
        return ""
    names = [n for n in dict.fromkeys(valid.owner.values()) if any(n in pair for pair in valid.confused)]
    direct = paths[paths["quantity"] == "path"]
    n_struck = int((direct["status"] == Status.STRUCK).sum())
    said = (f"Discriminant validity fails: the questions do not tell {words.joined(names)} apart "
            f"({words.count(len(valid.confused), 'pair', 'pairs')}), so {words.whole(n_struck)} of "
            f"{words.count(len(direct), 'separate effect is', 'separate effects are')} struck")
    return " ".join(filter(None, [f"{said}.", strangers(valid)]))


def strangers(valid: Validity | None) -> str:
    """Return which questions do not belong to their construct; empty where all do."""
    found = [] if valid is None else list(valid.strangers)
    said = [f"{item} does not belong to {valid.owner[item]} (loading {words.number(valid.loading[item].value)})"
            for item in found]
    return f"{words.joined(said)}." if said else ""


def struck(paths: pd.DataFrame, valid: Validity | None = None) -> str:
    """Return which separate effects are struck and which stand.

    Parameters
    ----------
    paths : DataFrame
        ``results/satisfaction_paths``.
    valid : Validity or None
        From `helpers.satisfaction.validity.validity_of`.
    """
    direct = paths[paths["quantity"] == "path"]
    if direct["segment"].eq("all").any() or direct.empty:
        reason = direct["reason"].iloc[0] if len(direct) else "there is no path model"
        return f"There is no path model: {reason}."
    gone = list(direct.loc[direct["status"] == Status.STRUCK, "segment"])
    kept = list(direct.loc[direct["status"] == Status.OK, "segment"])
    if not gone and valid is not None and not valid.ratio:
        return "Every effect stands; whether single questions can be told apart is not known."
    if not gone:
        return "Every effect stands: the constructs can be told apart."
    return f"Struck: {words.joined(gone)}. " + (f"What stands: {words.joined(kept)}." if kept else "None stands.")


def first(found: Drivers | Absent) -> str:
    """Return what to improve first, or why it cannot be said."""
    if isinstance(found, Absent):
        return f"What to improve first cannot be said: insufficient data, {found.reason}."
    if found.struck:
        return _together(found)
    order = sorted(found.names, key=lambda name: -found.priority[name].value)
    top = order[0]
    rivals = [name for name in order[1:] if found.leads[name] >= TIE]
    if found.probe[top] > RELEVANT:
        return "What to improve first cannot be said: no driver goes with satisfaction more than a random column would."
    place = (f"{_share(found.share[top])} of the explained differences in satisfaction go with it, and it stands at "
             f"{words.points(found.performance[top].value)} of 100")
    if rivals:
        return (f"{_either([top, *rivals])} should be improved first: which of them is within noise; of "
                f"{top}, {place}.")
    return f"{top} should be improved first: {place}, with the most room where it matters."


def _together(found: Drivers) -> str:
    names, joint = next(iter(found.joint.items()))
    members = names.split(" + ")
    lone = "its share cannot be told apart from others" if len(members) == 1 else (
        f"which of {words.joined(members)} to improve first cannot be said")
    rest = [f"{name} for {_share(i)}" for name, i in found.share.items()]
    together = f"together they account for {_share(joint)} of the explained differences"
    if len(members) == 1:
        together = f"with them it accounts for {_share(joint)} of the explained differences"
    said = f"{lone if len(members) > 1 else f'{members[0]}: {lone}'}; {together}"
    return words.sentence_case(said + (f", {words.joined(rest)}." if rest else "."))


def noise(found: Drivers | Absent) -> str:
    """Return which drivers do no better than a random column; empty where all do."""
    if isinstance(found, Absent):
        return ""
    weak = [name for name in found.names if found.probe[name] > RELEVANT]
    return f"{words.joined(weak)} {'does' if len(weak) == 1 else 'do'} no better than a random column." if weak else ""


def shares_title(found: Drivers | Absent) -> str:
    """Return the finding above the figure of the drivers' shares."""
    if isinstance(found, Absent):
        return f"What satisfaction goes with: insufficient data, {found.reason}"
    if found.struck:
        return _joint_title(found)
    top = max(found.share, key=lambda name: found.share[name].value)
    ties = [n for n in found.names if n != top and found.first[n] >= TIE]
    if ties:
        return f"Satisfaction goes most with {_either([top, *ties])}: which of them is within noise"
    return f"Satisfaction goes most with {top}: {words.share(found.share[top].value)} of what is explained"


def _joint_title(found: Drivers) -> str:
    names, joint = next(iter(found.joint.items()))
    members = names.split(" + ")
    lone = [f"{name} for {words.share(i.value)}" for name, i in found.share.items()]
    together = " together" if len(members) > 1 else ""
    verb = "account" if len(members) > 1 else "accounts"
    first_ = f"{words.joined(members)} {verb} for {words.share(joint.value)} of what is explained{together}"
    return ", ".join([first_, *([words.joined(lone)] if lone else [])])


def shares(found: Drivers | Absent) -> pd.DataFrame:
    """Return every share that can be given, those of drivers that cannot be told apart together: largest first."""
    if isinstance(found, Absent):
        return pd.DataFrame(columns=["driver", "importance", "low", "high"])
    rows = [(name, i.value, i.low, i.high) for name, i in {**found.share, **found.joint}.items()]
    made = pd.DataFrame(rows, columns=["driver", "importance", "low", "high"])
    return made.sort_values("importance", ascending=False, ignore_index=True)


def base(found: Drivers | Absent) -> str:
    """Return whose answers the shares rest on; empty where there are none."""
    if isinstance(found, Absent):
        return ""
    whole = words.whole(found.n_people)
    return (f"From {words.count(found.n, 'person', 'people')} who answered every question, of {whole} who answered any."
            if found.n < found.n_people else f"All {whole} people answered every question.")


def by_model(paths: pd.DataFrame) -> str:
    """Return satisfaction as the path model weighs its questions; empty without a path model."""
    rows = paths[(paths["quantity"] == INDEX) & (paths["status"] == Status.OK)].to_dict("records")
    if not rows:
        return ""
    value = f"{words.points(rows[0]['value'])} {words.interval(rows[0]['low'], rows[0]['high'], words.points)}"
    return (f"By the path model, over {words.count(rows[0]['n'], 'person', 'people')} who answered every question, "
            f"satisfaction stands at {value}.")


def disagreement(found: Drivers | Absent) -> str:
    """Return whether Johnson's weights put another driver first."""
    if isinstance(found, Absent):
        return ""
    order = sorted(found.names, key=lambda name: -found.johnson[name])
    if found.struck:
        return "Johnson's weights cannot separate them either."
    best = max(found.names, key=lambda name: found.share[name].value)
    return (f"Johnson's weights agree: {best} comes first." if order[0] == best
            else f"Johnson's weights disagree: they put {order[0]} first, not {best}.")






def ranks(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Callable], str]:
    """Return a table of each driver's chance of each rank, how its numbers are worded, and its caption.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.effects.ranks`.
    """
    forms = {c: words.share for c in table.columns if c != "driver"}
    return table, forms, "How often each driver has each rank, over the resamples"




def shown_map(table: pd.DataFrame) -> pd.DataFrame:
    """Return the importance–performance map with its interval and chance in words.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.effects.importance_map`.
    """
    limits = [words.interval(a, b, words.share) for a, b in zip(table["low"], table["high"], strict=True)]
    shown = table.assign(interval=limits, relevant=["yes" if x else "no" for x in table["relevant"]])
    return shown[["driver", "importance", "interval", "performance", "priority", "leads", "relevant", "johnson"]]
