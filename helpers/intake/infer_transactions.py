"""Drafted orders: their customers, days, money and returns; views of files and the lines of their tables."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from helpers.intake import header_words, infer_semantics
from helpers.intake.infer_keys import FileForm, JoinKey, name_words
from helpers.intake.infer_types import InferredColumn
from helpers.intake.profile_text import (
    column_line,
    date_line,
    money_line,
    sql_list,
    table_head,
    unused_remarks,
)

REFUND = header_words.plain(
    r"(return|refund|retour|gutschrift|credit|rückgabe|rueckgabe|rembours|avoir|devol|reembols|rimbors|(?<!con)reso\b|"
    r"terugbetal)")

CANCELLED = (r"(cancel|storn|annul|anul|void|abgebrochen|unavailable|failed|rejected|declined|pending|unpaid|pendient|"
             r"pendente|rechaz|recusad|rifiutat|refuse|echou|fallid|impag|geweigerd)")

BOUGHT = (r"(orders?$|ordered|purchase|bought|invoice|transaction|sales?$|receipt|basket|bestell|auftr|rechnung|kauf|"
          r"einkauf|commande|achat|pedido|compra|venta|ordin[ei]|acquist|vendit|venda|encomend|aankop|bestelling)")

LEAST_RETURNS = 5  # lines

OTHER_CODES = ("order_id", "product_id", "category", "channel", "campaign", "partner_id", "owner")

CODE, MANY = infer_semantics.CODE, 20

MINOR = {"cents", "cent", "pence", "centimes", "centavos", "centesimi", "minor"}  # a hundredth of the currency

GUEST = header_words.plain(r"(0+|-1|guest|gast|invité|anonym\w*|invitado|ospite|convidado)")

MANY_TIMES = 5  # as often as a customer's key stands in a file on average


@dataclass(frozen=True, slots=True)
class FileView:
    """A file with what is known behind its references to others.

    Parameters
    ----------
    form : FileForm
        The file.
    links : tuple of (JoinKey, str)
        Its references, and those of the files that it refers to, with the file that they go through.
    known : dict of str to InferredColumn
        What its own columns mean.
    behind : dict of str to dict
        What the columns of the files behind its references mean, by file.
    has_repeated_people : bool
        Whether a person may stand in several of its records, each under another number.
    """

    form: FileForm
    links: tuple[tuple[JoinKey, str], ...]
    known: dict[str, InferredColumn]
    behind: dict[str, dict[str, InferredColumn]]
    has_repeated_people: bool = False

    def said(self, meaning: str, *through: str) -> InferredColumn | None:
        """Return the column that means something: the file's own, else one behind a reference of the given meanings."""
        found = [self.known, *(self.behind[link.other.name] for link, _ in self.links
                               if infer_semantics.referenced_meaning(link) in through)]
        return next((known[meaning] for known in found if meaning in known), None)

    def texts(self, meaning: str, pattern: str, *through: str) -> tuple[InferredColumn | None, list[str]]:
        """Return the column of a meaning, or another of few texts, with those of its values that fit a pattern."""
        behind = [
            replace(c, via=link.other.name)
            for link, _ in self.links
            if infer_semantics.referenced_meaning(link) in through
            for c in link.other.columns
        ]
        few = [
            c
            for c in (*self.form.columns, *behind)
            if c.kind == "text" and c.n_distinct <= infer_semantics.FEW[meaning]
        ]
        for column in (self.said(meaning, *through), *few):
            texts = column.values.to_pylist() if column else []
            fitting = [v for v in texts if re.search(pattern, header_words.plain(v))]
            if fitting:
                return column, fitting
        return None, []

    @property
    def moments(self) -> list[InferredColumn]:
        """The file's own dates and times."""
        return [c for c in self.form.columns if c.is_moment]


@dataclass(frozen=True, slots=True)
class DraftedTable:
    """Lines of one table, the files that it needs, whether it has dates, and what the study should say of it."""

    table: str
    lines: tuple[str, ...]
    files: tuple[str, ...]
    has_dates: bool = False
    study: tuple[str, ...] = ()


def draft_table(
    view: FileView,
    name: str,
    body: Sequence[str],
    used: Sequence[InferredColumn | None],
    *,
    where: str = "",
    rejected: Sequence[tuple[str, str]] = (),
    other: str = "",
) -> DraftedTable:
    """Return a table's lines behind its head, with a lookup for each file that a used column stands in."""
    needed = [c for c in used if c]
    head = list(table_head(view.links, view.form.name, name, needed, where, rejected))
    files = dict.fromkeys([view.form.name, *(c.via for c in needed if c.via)])
    for link, via in view.links:
        if link.other.name in files and via:
            files[via] = None
    return DraftedTable(
        name, (*head, *body, *([other] if other else [])), tuple(files), any(c.is_moment for c in needed)
    )


def is_orders(view: FileView) -> bool:
    """Return whether a file has money and a date, its own or that of the order that a line refers to."""
    worth = "amount" in view.known or "price" in view.known
    told = view.said("ordered_at", "order_id")
    return worth and told is not None and ("amount" in view.known or "quantity" in view.known or
                                           "order_id" in view.known)


def is_orders_without_money(view: FileView) -> bool:
    """Return whether a file tells who ordered and when, by a key of its own orders or by what it is called, no amount.

    Its columns that only refer to another file's records are no keys of its own.
    """
    when, who = view.known.get("ordered_at"), view.known.get("customer_id")
    own = view.known.get("order_id")
    is_own = own is not None and own not in [link.column for link, _ in view.links]
    named = [*name_words(view.form.name), *(name_words(when.name) if when else ())]
    is_named = own is None and any(re.match(BOUGHT, word) for word in named)
    is_other = bool({"case_id", "opportunity_id", "response_id"} & view.known.keys())
    return who is not None and when is not None and not is_other and (is_own or is_named)


def draft_orders(view: FileView) -> DraftedTable:
    """Return the table of order lines; without an amount where the file has no money."""
    view = _with_line_amount(view)
    who = view.said("customer_id", "order_id") or _coded(view)
    when = view.said("ordered_at", "order_id")
    ident = view.known.get("order_id")
    sort, back = (None, []) if "refunded" in view.known else view.texts("sort", REFUND, "order_id")
    if sort and _is_against_signs(sort, back, view.known.get("amount")):
        sort, back = None, []
    state, lost = view.texts("state", CANCELLED, "order_id")
    if sort and sort == view.said("state", "order_id"):  # an order that was paid back took no other order's money
        sort, state, lost = None, sort, [*(lost if state == sort else []), *back]
    is_back = f"{sort.quoted} in ({sql_list(back)})" if sort else ""
    kind, amount, signed = _kind_and_amount(view, is_back)
    body = [column_line("order_id", ident.quoted if ident else "record",
                 "the order" if ident else "no column names the order; each record is one")]
    body += [column_line("customer_id", _without_guests(who).quoted, "who bought")] if who else []
    body += [date_line("ordered_at", when)] if when else []
    body += [column_line("kind", kind, "which lines take money back"), amount]
    further = {"quantity": view.known.get("quantity"), "list_price": view.known.get("price"),
               "product_id": view.known.get("product_id"), "category": view.said("category", "product_id"),
               "discount": view.known.get("discount"), "channel": view.said("channel", "order_id"),
               "partner_id": view.known.get("partner_id")}
    if further["partner_id"] and further["partner_id"].is_unique:
        further["partner_id"] = None  # a partner has more than one line
    if further["list_price"] == signed and not further["quantity"]:
        further["list_price"] = None  # it is the amount
    body += [column_line(n, _further(n, c), n.replace("_", " ")) for n, c in further.items() if c]
    dates = {n: view.said(n, "order_id") for n in ("promised_on", "delivered_on")}
    body += [date_line(n, c) for n, c in dates.items() if c and c != when]
    used = [ident, who, when, *(view.known.get(n) for n in ("amount", "refunded")), signed, *further.values(),
            *dates.values(), sort, state]
    rejected = [(f"{state.quoted} in ({sql_list(lost)})", "called off or not paid")] if state else []
    return draft_table(view, "transactions", [*body, *unused_remarks(view.form.columns, used)], used, rejected=rejected)


def _further(name: str, column: InferredColumn) -> str:
    """Return a further column as an expression; a discount that the file writes below zero is one all the same."""
    if not column.is_number:
        return column.quoted
    return f"-({column.as_number})" if name == "discount" and column.low < 0 >= column.high else column.as_number


def _without_guests(who: InferredColumn) -> InferredColumn:
    """Return the customer's column with nobody for the key that a shop writes for all guests: many have it."""
    sample = who.sample.to_pylist()
    is_often = sample.count(who.commonest) >= max(LEAST_RETURNS, MANY_TIMES * len(sample) / max(who.n_distinct, 1))
    is_guest = is_often and re.fullmatch(GUEST, header_words.plain(who.commonest))
    return replace(who, emptied=(*who.emptied, who.commonest)) if is_guest else who


def _kind_and_amount(view: FileView, is_back: str) -> tuple[str, str, InferredColumn | None]:
    """Return what kind of line each is, the line of its amount, and the column that tells its sign.

    ``is_back`` is the condition that a line takes money back by its kind, empty where no kind tells it.
    """
    sorts = f"case when {is_back} then 'refund' else 'sale' end" if is_back else "'sale'"
    if not {"amount", "price"} & view.known.keys():
        return sorts, "# no column with money was seen: orders are counted, and no money is claimed", None
    money, signed = _money(view)
    if not is_back and signed.low < 0:
        marked = _refund_letters(view.known.get("order_id"), signed)
        told = f"{view.known['order_id'].quoted} like '{marked}%'" if marked else f"{signed.as_number} < 0"
        sorts = f"case when {told} then 'refund' else 'sale' end"
    turned = f"case when {is_back} then -({money}) else {money} end" if is_back and signed.low >= 0 else money
    told_by = infer_semantics.currency_column(view.form.columns, view.known.get("amount"))
    return sorts, money_line("amount", turned, told_by, "money of the line"), signed


def _with_line_amount(view: FileView) -> FileView:
    """Return a file of order lines with the money of each, where an order's total stands on every one of its lines."""
    known, ident = view.known, view.known.get("order_id")
    if ident is None or "amount" not in known or not is_of_order(known["amount"], ident):
        return view
    rest = {meaning: c for meaning, c in known.items() if meaning not in ("amount", "refunded")}
    of_lines = [c for c in infer_semantics.fitting_columns("amount", view.form.columns) if not is_of_order(c, ident)]
    if of_lines:
        return replace(view, known=rest | {"amount": of_lines[0]})
    return replace(view, known=rest) if {"price", "quantity"} <= rest.keys() else view


def is_of_order(column: InferredColumn, ident: InferredColumn) -> bool:
    """Return whether a column is the same on all lines of each order looked at, of which many have several.

    Parameters
    ----------
    column, ident : InferredColumn
        Of one file; ``ident`` is the order.
    """
    orders, values = ident.sample.to_pylist(), column.sample.to_pylist()
    if len(orders) != len(values) or column.n_distinct < 2:
        return False
    n_orders = len(set(orders))
    several = sum(n > 1 for n in Counter(orders).values())
    return several >= MANY and len(set(zip(orders, values, strict=True))) == n_orders


def _is_below(text: str | None) -> bool:
    return bool(re.match(r"\s*([-\u2212(]|.*-\s*$)", text or ""))


def _is_against_signs(sort: InferredColumn, back: Sequence[str], money: InferredColumn | None) -> bool:
    """Return whether money has signs of its own and most lines of kinds that sound like a return are above zero.

    A bank's credit (*Gutschrift*) is money that came in.
    """
    if money is None or money.low >= 0 or len(sort.sample) != len(money.sample):
        return False
    told = [_is_below(text) for kind, text in zip(sort.sample.to_pylist(), money.sample.to_pylist(), strict=True)
            if kind in back]
    return 2 * sum(told) < len(told)


def _refund_letters(ident: InferredColumn | None, signed: InferredColumn) -> str:
    """Return the letters that begin the numbers of returns: all such lines are below zero, and other numbers have none.

    Lines below zero without them are no returns, such as what was written off.
    """
    if ident is None or len(ident.sample) != len(signed.sample):
        return ""
    begins = [re.sub(r"(?s)[^A-Za-z].*", "", text or "") for text in ident.sample.to_pylist()]
    is_below = [_is_below(text) for text in signed.sample.to_pylist()]
    counts = Counter(begins)
    returned = [letters for letters, n in counts.most_common()[1:] if letters and n >= LEAST_RETURNS and all(
        below for letter, below in zip(begins, is_below, strict=True) if letter == letters)]
    return returned[0] if returned else ""


def _coded(view: FileView) -> InferredColumn | None:
    """Return the column of many repeated codes that nothing else is known of: in orders these are mostly customers.

    A column whose name says something else, such as a second number of the product or the order, is none.
    """
    headed = [link.other for link, _ in view.links if infer_semantics.referenced_meaning(link) == "order_id"]
    behind = [c for c in (replace(c, via=form.name) for form in headed for c in form.columns)
              if c not in view.behind[c.via].values()]
    own = [c for c in view.form.columns if c not in view.known.values()]
    named = [c for m in OTHER_CODES for c in infer_semantics.fitting_columns(m, own)]
    codes = [c for c in (*own, *behind) if c not in named and c.kind == "text" and not c.is_unique]
    return next((c for c in codes if c.n_distinct >= MANY and all(
        re.fullmatch(CODE, v) for v in c.values.to_pylist())), None)


def _money(view: FileView) -> tuple[str, InferredColumn]:
    """Return what a line is worth, and the column that tells its sign."""
    known = view.known
    if "amount" in known:
        return _net(view, known["amount"]), known["amount"]
    price = _in_currency(known["price"])
    return (f"{known['quantity'].as_number} * {price}", known["quantity"]) if "quantity" in known else \
        (price, known["price"])


def _net(view: FileView, amount: InferredColumn) -> str:
    """Return an order's money less what a column says was refunded of it; 0 on lines below the one that tells it.

    An order's total stands on one of its lines where there are as many totals as orders, but more lines.
    """
    ident, refunded = view.known.get("order_id"), view.known.get("refunded")
    is_once = ident is not None and ident.n_distinct == amount.n_given < ident.n_given
    money = f"coalesce({_in_currency(amount)}, 0)" if is_once else _in_currency(amount)
    if refunded is None:
        return money
    return f"{money} {'-' if refunded.low >= 0 else '+'} coalesce({_in_currency(refunded)}, 0)"


def _in_currency(column: InferredColumn) -> str:
    """Return a sum as an expression in units of its currency, where its name says that it is in hundredths."""
    is_minor = column.kind == "integer" and MINOR & {*name_words(column.name)}
    return f"{column.as_number} / 100" if is_minor else column.as_number
