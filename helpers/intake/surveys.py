"""Drafted tables about people: surveys and their items, experiments, customers."""

import re
from collections.abc import Iterator

from helpers.intake import meanings
from helpers.intake.guesses import GUESS, Column
from helpers.intake.lines import line, moment, own, text
from helpers.intake.outlines import Drafted, View, drafted

RATED = r"(satisf|zufried|rating|review|stars|sterne|csat|nps|recommend|empfehl|bewertung|note$)"
ROLES = {"satisfaction": "satisf|zufried|rating|review|stars|sterne|csat|bewertung",
         "recommend": "recommend|nps|empfehl",
         "effort": "effort|aufwand|ces$", "intention": "intention|again|repurchase|wieder"}
WRITTEN, MANY = r"(comment|message|kommentar|remark|verbatim|feedback)", 20
ENDS = ((1, 5), (1, 7), (1, 10), (0, 10))


def scales(view: View, *, is_other: bool) -> list[Column]:
    """Return the columns that are answers on a scale; of a file that is something else only those that rate.

    Parameters
    ----------
    view : View
        The file.
    is_other : bool
        Whether it feeds another table already.
    """
    found = [c for c in view.form.columns if c.is_scale and c not in view.known.values()]
    if not is_other and len(found) >= 3 and len(found) >= 0.3 * len(view.form.columns):
        return found
    return [c for c in found if re.search(RATED, c.name.lower())]


def survey(view: View, asked: list[Column]) -> Iterator[Drafted]:
    """Yield a survey's respondents, answers and items."""
    ident = next((c for c in view.form.columns if c.is_unique and c.kind in ("text", "integer")), None)
    who = view.said("customer_id", "order_id")
    when = view.known.get("answered_at")
    key = ident.quoted if ident else "record"
    body = [line("response_id", key, "the completed survey" if ident else "no column is unique; each record is one")]
    body += [line("customer_id", who.quoted, "who answered")] if who else []
    body += [moment("responded_at", when)] if when else []
    used = [ident, who, when]
    kept = [c for c in view.form.columns if c not in used and c not in asked and c.kind != "empty" and not c.is_moment]
    kept = [] if len(asked) < 3 else kept
    yield drafted(view, "respondents", [*body, *(own("demographic_", c) for c in kept)], used)
    said = next((c for c in view.form.columns if c.kind == "text" and re.search(WRITTEN, c.name.lower())
                 and len(asked) == 1 and c.n_distinct > MANY), None)
    head = ("[tables.responses]", f'from = "{view.form.name}"',
            f"unpivot = {{ columns = {text([c.name for c in asked])} }} {GUESS}the questions",
            "[tables.responses.columns]", line("response_id", key), line("item", "item"), line("score", "answer"),
            *([line("comment", said.quoted, "what was written")] if said else ()))
    yield Drafted("responses", head, (view.form.name,))
    yield Drafted("items", ("[tables.items]", "defaults = { is_reversed = false }", "rows = [",
                            *(_item(c, asked) for c in asked), "]"), ())


def _item(column: Column, asked: list[Column]) -> str:
    low, high = _ends(min(c.low for c in asked), max(c.high for c in asked))
    role = next((r for r, sought in ROLES.items() if re.search(sought, column.name.lower())), "performance")
    return (f'  {{ item = {text(column.name)}, role = "{role}", scale_low = {low:g}, scale_high = {high:g} }}, '
            f"{GUESS}role, scale")


def _ends(low: float, high: float) -> tuple[float, float]:
    """Return the ends of the usual scale that answers seem to lie on, or their own ends."""
    usual = next(((a, b) for a, b in ENDS if a <= low and high <= b and (a == 0) == (low == 0)), (low, high))
    return usual if high >= 0.8 * usual[1] else (low, high)


def is_experiment(view: View) -> bool:
    """Return whether a file says who was assigned to which arm."""
    scaled = [c for c in view.form.columns if c.is_scale]
    return "variant" in view.known and len(scaled) < 3


def experiment(view: View) -> Drafted:
    """Return the table of assignments, with numbers as outcomes."""
    name, known = view.form.name, view.known
    unit = known["customer_id"] if "customer_id" in known and known["customer_id"].is_unique else None
    body = [line("experiment", f"'{name}'", "what it is called"),
            line("unit_id", unit.quoted if unit else "record", "who was assigned"),
            line("variant", known["variant"].quoted, "the arm; one of them should be called control")]
    body += [f"{own('metric_', c)} {GUESS}an outcome; covariate_ where it was known before" for c in view.form.columns
             if c not in (unit, known["variant"]) and (c.is_number or c.kind == "flag")]
    return drafted(view, "assignments", body, [unit, known["variant"]])


def people(view: View) -> Drafted:
    """Return the table of customers, with whatever is known of each, but for what only tells who somebody is."""
    known = view.known.get("customer_id")
    key = next((c for c in (known, *view.form.columns) if c and c.is_unique and c.kind in ("text", "integer")), None)
    joined = view.known.get("joined_on")
    body = [line("customer_id", key.quoted if key else "record", "the key" if key else "no column is unique")]
    body += [moment("joined_on", joined)] if joined else []
    body += [own("demographic_", c) for c in view.form.columns if c not in (key, joined) and c.kind != "empty"
             and not meanings.is_personal(c)]
    return drafted(view, "customers", body, [key, joined])
