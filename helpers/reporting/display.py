"""What a notebook displays besides plots: paragraphs, tables, quality gates, fitted models; data are escaped."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, estimate_table, struck_values
from helpers.foundation.spreadsheets import EXPORTS
from helpers.foundation.study_config import Section
from helpers.reporting import formatting
from helpers.reporting.headings import heading, quantity_label
from helpers.reporting.html import (
    Exhibit,
    Sentences,
    cell_text,
    escape_text,
    flatten,
    html_table,
    is_numeric,
    link,
    missing_exhibit,
    paragraphs,
)
from helpers.reporting.translation import message
from helpers.stats import disclosure_control, suppressed_tables

if TYPE_CHECKING:
    from statsmodels.base.model import LikelihoodModelResults

FOLLOWS = {"note": "noted", "qualify": "caution", "strike": "not reported (failed check)", "block": "no verdict"}

FEW_CELLS = "Withheld: one to nine people, or a group beside them from which they could be told."

MOST_PASSED = 8  # gates that passed and are shown unfolded

WORDED = frozenset({"share", "money", "points", formatting.PERCENTAGE_POINTS})

DESCRIBED = {"count": "n", "mean": "mean", "std": "standard_deviation", "25%": "lower_quartile", "50%": "median",
             "75%": "upper_quartile"}  # of pandas' describe; extremes are left out, since they are single people's

FIT_MEASURES = {"rsquared": "R²", "prsquared": "pseudo-R²"}


def answer_box(*sentences: Sentences) -> Exhibit:
    """Return the answer of a page: one to three sentences, each with its number and interval.

    Sentences may come nested in tuples and lists; they are escaped here.
    """
    said = flatten(sentences) or ["Cannot say: there is nothing to say it from."]
    return Exhibit(f'<div class="exhibit answer">{paragraphs(said)}</div>', "\n".join(said))


def paragraph(*sentences: Sentences) -> Exhibit:
    """Return a finding said by code, as one paragraph; nothing where nothing is said."""
    said = " ".join(flatten(sentences))
    return Exhibit(f'<div class="exhibit finding">{paragraphs([said])}</div>' if said else "", said)


def concat(*exhibits: Exhibit) -> Exhibit:
    """Return exhibits below each other as one."""
    return Exhibit("\n".join(filter(None, (e.html for e in exhibits))),
                   "\n\n".join(filter(None, (e.text for e in exhibits))))


def show(*exhibits: Exhibit, otherwise: Sentences = ()) -> Exhibit:
    """Return the exhibits that have something to show, below each other; where none has, one line says why.

    Parameters
    ----------
    exhibits : Exhibit
        Figures, tables, findings; figures and tables of nothing are left out.
    otherwise : str or nested sequence of str
        What is said where nothing is left; empty: nothing.
    """
    known = [e for e in exhibits if e.html and 'class="exhibit missing"' not in e.html]
    return concat(*known) if known else paragraph(otherwise) if flatten(otherwise) else Exhibit("", "")


def show_with_finding(said: Sentences, *exhibits: Exhibit) -> Exhibit:
    """Return a finding and the exhibits that bear it, below each other; nothing where none has something to show."""
    known = show(*exhibits)
    return concat(paragraph(said), known) if known.html else known


def fold(summary: str, *exhibits: Exhibit) -> Exhibit:
    """Return exhibits folded under a line that says what they hold; nothing where none has something to show.

    Parameters
    ----------
    summary : str
        What stands under it: the caption, where a single table does.
    exhibits : Exhibit
        What is folded.
    """
    known = show(*exhibits)
    html = f'<details class="exhibit fold"><summary>{escape_text(summary)}</summary>{known.html}</details>'
    return Exhibit(html, f"{summary}\n{known.text}") if known.html else known


def data_table(
    frame: pd.DataFrame,
    formats: Mapping[str, Callable] | None = None,
    caption: str = "",
    limit: int = 20,
    headings: Mapping[str, str] | None = None,
) -> Exhibit:
    """Return a table: numbers right-aligned, missing values as a dash, wide ones scroll inside themselves.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any shape; its index is not shown.
    formats : mapping, optional
        Column to the function that words its values, such as ``words.share``.
    caption : str
        The finding, or what the table holds.
    limit : int
        Rows shown; how many there are is said where there are more.
    headings : mapping, optional
        Column to its heading; by default the name without underscores.
    """
    if frame.empty:
        return missing_exhibit(caption, "There is nothing to show: the table has no rows.")
    formats, shown = formats or {}, frame.head(limit)
    columns = [c for c in frame.columns if c != suppressed_tables.MARK]
    names = _headings(frame[columns], headings or {})
    cells = {names[c]: [cell_text(value, formats.get(c)) for value in shown[c]] for c in columns}
    cells, said = _told(frame, cells, names, limit)
    right = [names[c] for c in columns if is_numeric(frame[c])]
    return html_table(cells, caption, _notes(len(frame), limit, said), right)


def file_table(files: pd.DataFrame, caption: str = "", headings: Mapping[str, str] | None = None) -> Exhibit:
    """Return lists that stand beside the page, each with its link.

    Parameters
    ----------
    files : DataFrame
        Grain list: ``file`` is its name in the run's folder of exports, ``csv``, where there is one, that of the same
        list as CSV; n_ columns count people.
    caption : str
        The finding.
    headings : mapping, optional
        Column to its heading.
    """
    if files.empty:
        return missing_exhibit(caption, "No list was written: nobody is to be contacted.")
    names = _headings(files, headings or {})
    cells: dict[str, list[str | Exhibit]] = {
        names[c]: list(suppressed_tables.counts_in_words(files[c]) if c.startswith("n_") else map(cell_text, files[c]))
        for c in files.columns if c not in ("file", "csv")}
    links: dict[str, list[str | Exhibit]] = {"File": [_file_link(name, name) for name in files["file"]]}
    if "csv" in files:
        links["CSV"] = [_file_link("CSV", name) if name else "" for name in files["csv"]]
    return html_table({**links, **cells}, caption, right=[names[c] for c in files if c.startswith("n_")])


def _file_link(label: str, name: str) -> Exhibit:
    return Exhibit(link(label, f"../{EXPORTS}/{name}"), name)


def estimates_table(frame: pd.DataFrame, currency: str = "", caption: str = "", limit: int = 40) -> Exhibit:
    """Return a long summary table: each value worded by its unit, with its interval, or the reason why there is none.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns as `helpers.foundation.results.estimate_table` gives them; columns that say nothing are not shown.
    currency : str
        Of values whose unit is money.
    caption : str
        The finding, or what the table holds.
    limit : int
        Rows shown; how many there are is said where there are more.
    """
    if frame.empty:
        return missing_exhibit(caption, "There is nothing to show: the table has no rows.")
    rows = frame.head(limit).to_dict("records")
    forms = [formatting.unit_format(str(row["unit"]), currency) for row in rows]
    cells = {
        "Quantity": [quantity_label(str(row["quantity"])) for row in rows],
        "Segment": [readable_id(str(row["segment"])) for row in rows],
        "Value": [
            formatting.estimate_text({**row, "low": None, "high": None, "reason": ""}, currency=currency)
            for row in rows
        ],
        "Interval": [formatting.interval(row["low"], row["high"], form) for row, form in zip(rows, forms, strict=True)],
        "Unit": ["" if row["unit"] in WORDED else readable_id(str(row["unit"])) for row in rows],
        "n": [formatting.whole(row["n"]) for row in rows],
        "Why": [cell_text(row["reason"]).removesuffix("–") for row in rows],
    }
    hidden = suppressed_tables.suppressed_rows(frame)
    said = suppressed_tables.suppressed_mark(frame, hidden)
    for i in hidden.head(limit).to_numpy().nonzero()[0]:
        cells["Value"][i], cells["Interval"][i], cells["n"][i] = "–", "", said
    kept = {name: texts for name, texts in cells.items() if name in {"Quantity", "Value"} or not _is_idle(texts)}
    notes = _notes(len(frame), limit, said if hidden.any() else "")
    return html_table(kept, caption, notes, ("Value", "Interval", "n"), "estimates")


def unreported_values(values: Sequence[Estimate], reported: Sequence[Estimate]) -> Exhibit:
    """Return the values that failed a check, marked as such, for those who reproduce a published analysis.

    Parameters
    ----------
    values, reported : sequence of Estimate
        The same estimates before and after `helpers.foundation.results.strike`.
    """
    return estimates_table(estimate_table(struck_values(values, reported)), limit=200,
                           caption="Values that failed a check: to reproduce an analysis with, not to be reported")


def describe(frame: pd.DataFrame, caption: str, headings: Mapping[str, str] | None = None) -> Exhibit:
    """Return what pandas' ``describe`` says of the numeric columns of a frame, a row for each column.

    Extremes are left out, since each is one person's, nothing is told of columns with one to nine values, and
    columns without any are left out.

    Parameters
    ----------
    frame : pandas.DataFrame, shape (n, p)
        One row a person, an order, a group; other columns are not described.
    caption : str
        What one row of it is.
    headings : mapping, optional
        Column to what it is called, with its unit; by default the name without underscores.
    """
    numbers = frame.select_dtypes("number").astype("float64").dropna(axis=1, how="all")
    if numbers.empty:
        return missing_exhibit(caption, "There is nothing to describe: no numbers.")
    rows = numbers.describe().T[list(DESCRIBED)].rename(columns=DESCRIBED).rename_axis("column").reset_index()
    marked = rows.assign(column=list(_headings(numbers, headings or {}).values()), **{suppressed_tables.MARK: False})
    return data_table(marked, {"n": formatting.whole}, caption)


def model_summary(fit: "LikelihoodModelResults | None", caption: str, otherwise: str = "") -> Exhibit:
    """Return the coefficients of a fitted model of statsmodels, with standard errors, intervals and p-values.

    Parameters
    ----------
    fit : results of statsmodels, or None
        Of a model with one equation, such as `statsmodels.api.OLS` or `statsmodels.api.Logit`.
    caption : str
        What was fitted; the number of rows, and R² where the model has one, are added to it.
    otherwise : str
        Why there is no fit.
    """
    if fit is None:
        return missing_exhibit(caption, otherwise or "There are too few rows to fit the model to.")
    low, high = fit.conf_int().to_numpy().T
    terms = fit.params.index.astype(str).str.replace(r"^(const|Intercept)$", "intercept", regex=True)
    rows = pd.DataFrame({"term": terms, "coefficient": fit.params.to_numpy(),
                         "standard_error": fit.bse.to_numpy(), "low": low, "high": high,
                         "p": fit.pvalues.to_numpy()})
    told = [f"n = {formatting.whole(fit.nobs)}", *(f"{name} = {formatting.number(getattr(fit, measure))}"
                                                   for measure, name in FIT_MEASURES.items() if hasattr(fit, measure))]
    return data_table(rows, {"p": formatting.p_value}, f"{caption}: {', '.join(told)}", limit=60)


def gates_table(frame: pd.DataFrame) -> Exhibit:
    """Return gates as a table: crossed ones first, each with a word and a mark for what follows; many passed folded."""
    if frame.empty:
        return missing_exhibit("Checks", "No check applies here.")
    rows = sorted(frame.to_dict("records"), key=lambda row: not row["is_crossed"])
    n_crossed = sum(bool(row["is_crossed"]) for row in rows)
    caption = _checks_counted(rows)
    if len(rows) - n_crossed <= MOST_PASSED:
        return _gates(rows, caption)
    crossed = _gates(rows[:n_crossed], caption) if n_crossed else missing_exhibit(caption)
    passed = _gates(rows[n_crossed:], "")
    n_passed = message("{n} passed", n=formatting.whole(len(rows) - n_crossed))
    folded = f"<details><summary>{n_passed}</summary>{passed.html}</details>"
    return Exhibit(f'<div class="exhibit">{crossed.html}{folded}</div>', f"{crossed.text}\n{passed.text}")


def assumptions_table(section: Section, unused: Sequence[str] = ()) -> Exhibit:
    """Return a study section: what is assumed, unless unused, and whether the study said so or it is the default."""
    rows = [row for row in section.table().to_dict("records") if row["assumption"] not in unused]
    return html_table({
        "Assumption": [heading(row["assumption"]) for row in rows],
        "Value": [row["value"] for row in rows],
        "Meaning": [row["meaning"] for row in rows],
        "Set by": [row["set_by"] for row in rows],
    }, "What is assumed", css="assumptions")


def _checks_counted(rows: list[dict]) -> str:
    """Return how many checks passed and what follows from the others: a caution or a note is no failure."""
    levels = ["passed" if not row["is_crossed"] else str(row["level"]) for row in rows]
    counts = {"failed": levels.count("strike") + levels.count("block"), "with a caution": levels.count("qualify"),
              "noted": levels.count("note"), "passed": levels.count("passed")}
    parts = [f"{formatting.whole(n)} {word}" for word, n in counts.items() if n]
    return f"{formatting.sentence_case(formatting.count_text(len(rows), 'check', 'checks'))}: {', '.join(parts)}"


def _gates(rows: list[dict], caption: str) -> Exhibit:
    cells = {
        "Step": [str(row["step"]) for row in rows],
        "Check": [cell_text(row["gate"]) for row in rows],
        "Result": [f"▲ {FOLLOWS[row['level']]}" if row["is_crossed"] else "✓ passed" for row in rows],
        "What was found": [cell_text(row["sentence"]) for row in rows],
        "Figures affected": [cell_text(row["claims"]) for row in rows],
    }
    if len(set(cells["Step"])) == 1:
        del cells["Step"]
    return html_table(cells, caption, css="gates")


def _headings(frame: pd.DataFrame, given: Mapping[str, str]) -> dict[str, str]:
    """Return a heading for each column; where two would read alike, both keep their names."""
    names = {c: given.get(c) or heading(str(c)) for c in frame.columns}
    double = {n for n in names.values() if list(names.values()).count(n) > 1}
    return {c: str(c) if n in double else n for c, n in names.items()}


def _told(frame: pd.DataFrame, cells: dict[str, list[str]], names: Mapping[str, str],
          limit: int) -> tuple[dict[str, list[str]], str]:
    """Return the texts of a table's columns without numbers of withheld rows, and what stands for their counts."""
    hidden = suppressed_tables.suppressed_rows(frame)
    said = suppressed_tables.suppressed_mark(frame, hidden)
    is_hidden, parts, kept = hidden.head(limit).tolist(), suppressed_tables.suppressed_parts(frame), {}
    for column, name in names.items():
        is_count = column in suppressed_tables.COUNTS
        is_number = pd.api.types.is_numeric_dtype(frame[column])
        is_part = parts.get(column, hidden & False)
        of_part = suppressed_tables.suppressed_mark(frame[[column]], is_part, column)
        kept[name] = [
            (said if is_count else "–" if is_number else text) if withheld else of_part if part
            else f"{text}{suppressed_tables.FLAG}" if is_count and disclosure_control.is_few(value) else text
            for text, withheld, part, value in zip(cells[name], is_hidden, is_part, frame[column], strict=False)]
    marks = {said if any(is_hidden) else "", *(text for texts in kept.values() for text in texts)}
    return kept, suppressed_tables.KEPT_BACK if suppressed_tables.KEPT_BACK in marks else ""


def _notes(n_rows: int, limit: int, said: str) -> str:
    """Return what stands below a table: how many rows there are, and why some are withheld."""
    rest = f"The first {formatting.whole(limit)} of {formatting.whole(n_rows)} rows." if n_rows > limit else ""
    return " ".join(filter(None, [rest, FEW_CELLS if said == suppressed_tables.KEPT_BACK else ""]))


def _is_idle(texts: list[str]) -> bool:
    return set(texts) <= {"", "all", "0"}
