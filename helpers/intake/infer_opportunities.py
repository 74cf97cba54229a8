"""Drafted opportunities: chances of a sale with the stage that each has reached, and what was won as orders."""

from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.profile_text import column_line, date_line, sql_list, unused_remarks

WON = r"(won|gewonn|gagn|ganad|ganh|vint[ao]|erfolg|signed|booked)"

LOST = r"(lost|verlor|perdu|perdid|persa?o?\b|dead|abgelehnt|declin)"


def is_pipeline(view: FileView) -> bool:
    """Return whether a file holds chances of a sale and the stage that each has reached."""
    return "stage" in view.known and ("opportunity_id" in view.known or {"amount", "closed_on"} <= view.known.keys())


def won_stages(view: FileView) -> list[str]:
    """Return the stages that mean that something was sold."""
    return view.texts("stage", WON)[1]


def draft_opportunities(view: FileView) -> DraftedTable:
    """Return the table of opportunities."""
    known, stage = view.known, view.known["stage"]
    ident = known.get("opportunity_id")
    ends = [f"when {stage.quoted} in ({sql_list(v)}) then {told}" for v, told in
            ((won_stages(view), "true"), (view.texts("stage", LOST)[1], "false")) if v]
    body = [column_line("opportunity_id", ident.quoted if ident else "record", "the opportunity"),
            column_line("stage", stage.quoted, "stage")]
    plain = {"account_id": "customer_id", "product": "product_id", "owner": "owner"}
    body += [column_line(n, known[m].quoted, n.replace("_", " ")) for n, m in plain.items() if m in known]
    body += [column_line("value", known["amount"].as_number, "value when closed")] if "amount" in known else []
    body += [column_line("is_won", f"case {' '.join(ends)} end", "empty while open")] if ends else []
    dates = [known[n] for n in ("opened_on", "closed_on") if n in known]
    body += [date_line(n, known[n]) for n in ("opened_on", "closed_on") if n in known and dates.count(known[n]) == 1]
    used = [ident, stage, known.get("amount"), *dates, *(known.get(m) for m in plain.values())]
    return draft_table(view, "opportunities", [*body, *unused_remarks(view.form.columns, used)], used)


def draft_sales(view: FileView) -> DraftedTable:
    """Return what was won as order lines."""
    known, stage = view.known, view.known["stage"]
    when = known.get("closed_on") or known.get("opened_on") or view.moments[0]
    ident, who, product = (known.get(m) for m in ("opportunity_id", "customer_id", "product_id"))
    body = [column_line("order_id", ident.quoted if ident else "record", "what was won was sold")]
    body += [column_line("customer_id", who.quoted, "who bought")] if who else []
    body += [
        date_line("ordered_at", when),
        column_line("kind", "'sale'"),
        column_line("amount", known["amount"].as_number, "money"),
    ]
    body += [column_line("product_id", product.quoted, "product")] if product else []
    priced, category = (view.said(m, "product_id") for m in ("price", "category"))
    body += [column_line("list_price", priced.as_number, "list price")] if priced else []
    body += [column_line("category", category.quoted, "category")] if category else []
    return draft_table(view, "transactions", body, [ident, who, when, product, priced, category],
                   where=f"{stage.quoted} in ({sql_list(won_stages(view))})")
