"""Which canonical tables files seem to feed: the whole of a draft, one guess a table, no table twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from helpers.intake import links, meanings, outlines, profiles, surveys
from helpers.intake.links import Form, Link
from helpers.intake.outlines import Drafted, View


@dataclass(frozen=True, slots=True)
class Sketch:
    """What files seem to feed.

    Parameters
    ----------
    tables : tuple of Drafted
        In the order in which they are written.
    unused : tuple of str
        Files that no table is made from or looks anything up in.
    """

    tables: tuple[Drafted, ...]
    unused: tuple[str, ...]


def sketch(forms: Sequence[Form]) -> Sketch:
    """Return drafted tables: orders, opportunities, contracts, cases, an experiment, a survey, else customers.

    Where one file refers to the key of another, what is only known there is looked up there; of two files that could
    both become the same table, the finer one does, such as lines of orders before orders.
    """
    views = [_view(form, forms) for form in forms]
    drafted: dict[str, Drafted] = {}
    for view in sorted(views, key=lambda v: -len(v.links)):
        for found in _drafts(view, views):
            drafted.setdefault(found.table, found)
    used = {f for d in drafted.values() for f in d.files}
    tables = sorted(drafted.values(), key=lambda d: list(profiles.CANONICAL).index(d.table))
    return Sketch(tuple(tables), tuple(f.name for f in forms if f.name not in used))


def _view(form: Form, forms: Sequence[Form]) -> View:
    """Return a file with what is known behind its references, and behind theirs."""
    found = links.found(form, forms)
    reached: list[tuple[Link, str]] = [(link, "") for link in found]
    for link in found:
        named = {form.name, *(taken.other.name for taken, _ in reached)}
        reached += [(further, link.other.name) for further in links.found(link.other, forms)
                    if further.other.name not in named]
    known = meanings.meant(form.columns, found)
    behind = {}
    for link, _ in reached:
        there = meanings.meant(link.other.columns, links.found(link.other, forms))
        behind[link.other.name] = {m: replace(c, via=link.other.name) for m, c in there.items()}
    return View(form, tuple(reached), known, behind)


def _drafts(view: View, views: Sequence[View]) -> Iterator[Drafted]:
    """Yield the tables that a file seems to feed."""
    found = list(_traded(view, views))
    if scales := surveys.scales(view, is_other=bool(found)):
        found += surveys.survey(view, scales)
    yield from found or ([surveys.people(view)] if _is_people(view, views) else [])


def _traded(view: View, views: Sequence[View]) -> Iterator[Drafted]:
    """Yield the tables about trade and service, and experiments."""
    others = [v for v in views if v.form != view.form]
    if outlines.is_pipeline(view):
        yield outlines.opportunities(view)
        if outlines.won(view) and not any(outlines.is_orders(v) for v in others):
            yield outlines.sales(view)
    elif outlines.is_orders(view):
        yield from () if _refers(others, view, outlines.is_orders) else (outlines.orders(view),)
    elif outlines.is_contracts(view):
        richer = [v for v in others if len(v.known) > len(view.known)]
        yield from () if _refers(richer, view, outlines.is_contracts) else (outlines.contracts(view),)
    elif surveys.is_experiment(view):
        yield surveys.experiment(view)
    elif outlines.is_cases(view):
        yield outlines.cases(view)
    elif outlines.is_events(view) and not surveys.scales(view, is_other=False):
        yield outlines.events(view)


def _refers(others: Sequence[View], view: View, asked: Callable[[View], bool]) -> bool:
    """Return whether another file of the same sort refers to this one, so that it can be looked up from there."""
    return any(asked(v) and any(link.other == view.form for link, _ in v.links) for v in others)


def _is_people(view: View, views: Sequence[View]) -> bool:
    """Return whether a file holds customers: others refer to it as such, or nobody refers to it."""
    if outlines.is_orders(view) or outlines.is_contracts(view):  # which another file looks up
        return False
    referring = [meanings.referred(link) for v in views for link, via in v.links if link.other == view.form and not via]
    is_keyed = any(c.is_unique and c.kind in ("text", "integer") for c in view.form.columns)
    return "customer_id" in referring or (not referring and (is_keyed or len(views) == 1))
