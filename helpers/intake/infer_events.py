"""Drafted tables about what customers did and asked for: service cases, points, events."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from helpers.intake import header_words, infer_keys, infer_semantics
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_text import column_line, date_line, sql_list, toml_text, unused_remarks

REDEEMED = header_words.plain(
    r"redeem|redempt|redim|einlös|einloes|utilis(ation|e)|canje|riscatt|resgat|verzilver|inwissel")

DONE = {"opened_at": r"open", "clicked_at": r"click", "replied_at": r"repl|respon", "opted_out_at": r"opt|unsub"}

ACTIVITY = r"(flights|visits|stays|nights|trips|rides|sessions|logins|purchases)"

PAID = r"(pay|paid|zahl|bezahl|paiement|pago|pagament|betaling)"

OBJECT = rf"({header_words.COUPON}|campaign|product|item|page|object)"

OFFER_COST = r"(cost|kosten|cout|custo|value|wert|valeur|valor)"

POINTS = r"(points|punkte|miles|meilen|stamps)"

TIER = r"(.*[\W_])?(tier|stufe|(loyalty|member(ship)?)[\W_]?(card|level|status|class|type)|status[\W_]?level)"

METALS = {"bronze", "silver", "gold", "platinum", "diamond", "silber", "platin", "argent", "or", "platine", "diamant",
          "plata", "oro", "platino", "diamante", "bronce", "bronzo", "argento", "prata", "ouro", "zilver", "goud"}

PRICED, TAKEN = r"(cost|price|value|dollar|balance|kosten|wert)", r"(redeem|spent|used|burn|eingelöst|eingeloest)"


def case_key(view: FileView) -> InferredColumn | None:
    """Return the column that names each dated case, by its name or as the id of a file of cases; None: it has none."""
    if not view.moments:
        return None
    sought = infer_semantics.MEANINGS["case_id"]
    is_called = any(re.match(sought, header_words.plain(w)) for w in infer_keys.name_words(view.form.name))
    ids = (c for c in view.form.columns if c.is_unique and infer_semantics.is_called_key(c))
    return view.known.get("case_id") or (next(ids, None) if is_called else None)


def draft_cases(view: FileView, ident: InferredColumn) -> DraftedTable:
    """Return the table of service cases, each named by the column that `case_key` gives."""
    known = view.known
    is_bad = re.search(r"compl|beschw|reclam", (view.form.name + ident.name).lower())
    opened, closed, who = known.get("opened_on") or view.moments[0], known.get("closed_on"), known.get("customer_id")
    who = None if who == ident else who
    body = [column_line("case_id", ident.quoted, "the case"),
            column_line("kind", "'complaint'" if is_bad else "'inquiry'", "complaint, inquiry, suggestion or repair"),
            date_line("opened_at", opened)]
    body += [column_line("customer_id", who.quoted, "whose case")] if who else []
    body += [date_line("closed_at", closed)] if closed and closed != opened else []
    used = [ident, opened, closed, who]
    return draft_table(view, "cases", [*body, *unused_remarks(view.form.columns, used)], used)


def is_contacts(view: FileView) -> bool:
    """Return whether a file tells which customers a campaign reached: on which day, by itself or by the campaign's."""
    names = [view.form.name, *(c.name for c in view.form.columns)]
    is_answer = any(re.search(REDEEMED, header_words.plain(name)) for name in names)
    return {"customer_id", "campaign"} <= view.known.keys() and _sent(view) is not None and not is_answer


def draft_contacts(view: FileView) -> DraftedTable:
    """Return the table of contacts: who was sent what in which campaign, and what they did with it where it is told."""
    known, when = view.known, _sent(view)
    ident = next((c for c in view.form.columns if c.is_unique and (
        infer_semantics.is_called_key(c) or c == _coupon(view))), None)
    body = [column_line("contact_id", ident.quoted, "the contact") if ident else
            column_line("contact_id", "record", "each record is one"),
            column_line("customer_id", known["customer_id"].quoted, "who was contacted")]
    body += [date_line("sent_at", when)] if when else []
    body += [column_line("campaign", known["campaign"].quoted, "campaign")]
    done = {n: next((c for c in view.moments if re.search(sought, c.name.lower()) and c != when), None)
            for n, sought in DONE.items()}
    body += [date_line(n, c) for n, c in done.items() if c]
    how = next((c for c in _few(view) if re.search(r"channel|medium|kanal", c.name.lower())), None)
    body += [column_line("channel", how.quoted, "how")] if how else []
    used = [ident, known["customer_id"], known["campaign"], when, how, *done.values()]
    return draft_table(view, "contacts", [*body, *unused_remarks(view.form.columns, used)], used)


def _sent(view: FileView) -> InferredColumn | None:
    """Return the day of a contact: its own, else the first day of its campaign."""
    own = [c for c in view.moments if not any(re.search(sought, c.name.lower()) for sought in DONE.values())]
    return next(iter(own), None) or view.said("started_on", "campaign")


def is_offers(view: FileView) -> bool:
    """Return whether a file lists coupons or other offers: none of its records is a customer's or has a day."""
    coupon = _coupon(view)
    is_line = view.known.get("order_id", coupon) != coupon
    return coupon is not None and not is_line and "customer_id" not in view.known and not view.moments


def draft_offers(view: FileView) -> Iterator[DraftedTable]:
    """Yield the table of offers where the file tells what each costs when it is taken up."""
    coupon, cost = _coupon(view), _offer_cost(view)
    if coupon and coupon.is_unique and cost:
        body = [column_line("offer_id", coupon.quoted, "the offer"),
                column_line("cost", cost.as_number, "cost when taken up")]
        yield draft_table(view, "offers", [*body, *unused_remarks(view.form.columns, [coupon, cost])], [coupon, cost])


def offers_reason(view: FileView) -> str:
    """Return why no offers are made from a file that lists some; empty of other files."""
    if not is_offers(view):
        return ""
    return "an offer needs its cost when taken up, and no column tells it" if _offer_cost(view) is None else (
        "an offer needs a key, and the one of these repeats")


def _coupon(view: FileView) -> InferredColumn | None:
    return next((c for c in view.form.columns if c.kind in ("text", "integer") and c.n_distinct > 1
                 and infer_keys.is_coupon(c)), None)


def _offer_cost(view: FileView) -> InferredColumn | None:
    return next((c for c in view.form.columns if c.is_number and not c.is_unique
                 and re.search(OFFER_COST, header_words.plain(c.name))), None)


def is_payments(view: FileView) -> bool:
    """Return whether a file holds what was paid for orders that stand in another file."""
    named = [view.form.name, *(c.name for c in view.form.columns)]
    is_paid = any(re.match(PAID, word) for name in named for word in infer_keys.name_words(name))
    headed = [link for link, _ in view.links if infer_semantics.referenced_meaning(link) == "order_id"]
    return is_paid and "amount" in view.known and bool(headed) and not {"quantity", "product_id"} & view.known.keys()


def draft_payments(view: FileView) -> DraftedTable:
    """Return payments as events of their orders: what was paid may be more than the lines, or come in parts."""
    known = view.known
    who, when = view.said("customer_id", "order_id"), view.said("ordered_at", "order_id")
    how = next((c for c in _few(view) if c != who), None)
    body = [column_line("customer_id", who.quoted, "who paid")] if who else []
    body += [date_line("occurred_at", when)] if when else []
    body += [column_line("kind", "'payment'")]
    body += [column_line("channel", how.quoted, "how")] if how else []
    body += [column_line("object_id", known["order_id"].quoted, "for which order")] if "order_id" in known else []
    body += [f'amount = {{ from = {toml_text(known["amount"].as_number)}, type = "money" }} {GUESS}what was paid']
    used = [who, when, how, known.get("order_id"), known["amount"]]
    return draft_table(view, "events", [*body, *unused_remarks(view.form.columns, used)], used)


def is_events(view: FileView) -> bool:
    """Return whether a file has several dated records a customer, or redemptions of coupons, one or several."""
    who = view.known.get("customer_id")
    return who is not None and bool(view.moments) and (not who.is_unique or is_redeemed(view))


def is_redeemed(view: FileView) -> bool:
    """Return whether a file, by its name or those of its dates, holds what was redeemed."""
    named = [view.form.name, *(c.name for c in view.moments)]
    return any(re.search(REDEEMED, header_words.plain(name)) for name in named)


def draft_events(view: FileView) -> DraftedTable:
    """Return the table of points where there are any, else of what happened."""
    who, when = view.known["customer_id"], view.known.get("ordered_at") or view.moments[0]
    body = [column_line("customer_id", who.quoted, "who")]
    if points := _points(view):
        return _draft_points(view, who, when, points)
    is_taken = is_redeemed(view)
    sort = None if is_taken else view.known.get("sort") or next((c for c in _few(view) if c != who), None)
    name = "redemption" if is_taken else view.form.name
    body += [date_line("occurred_at", when),
             column_line("kind", sort.quoted if sort else f"'{name}'", "what happened")]
    others = [c for c in view.form.columns if c not in (who, when, sort)]
    about = next((c for c in others if any(re.match(OBJECT, header_words.plain(w))
                                           for w in infer_keys.name_words(c.name))), None)
    body += [column_line("object_id", about.quoted, "with what")] if about else []
    campaign = next((known["campaign"] for known in (view.known, *view.behind.values()) if "campaign" in known), None)
    campaign = None if campaign == about else campaign
    body += [f'campaign = {{ from = {toml_text(campaign.quoted)}, type = "text" }} {GUESS}of which campaign'] \
        if campaign else []
    used = [who, when, sort, about, campaign]
    return draft_table(view, "events", [*body, *unused_remarks(view.form.columns, used)], used)


def _draft_points(
    view: FileView, who: InferredColumn, when: InferredColumn, points: Sequence[InferredColumn]
) -> DraftedTable:
    """Return a ledger of points: signed in one column, or earned and redeemed in a column each."""
    used = [who, when, *points[:1]]
    taken = next((c for c in points if re.search(TAKEN, c.name.lower())), None)
    given = next((c for c in points if c != taken), None)
    body = [column_line("customer_id", who.quoted, "who"), date_line("entered_at", when)]
    if taken is None or given is None:
        signed = points[0].as_number
        body += [column_line("points", signed, "signed points"),
                 column_line("kind", f"case when {signed} < 0 then 'redeem' else 'earn' end", "what was booked")]
        return draft_table(view, "points", [*body, *unused_remarks(view.form.columns, used)], used)
    is_taken = f"case item when {sql_list([taken.name])} then "
    body += [column_line("points", f"{is_taken}-answer else answer end", "redeemed points are negative"),
             column_line("kind", f"{is_taken}'redeem' else 'earn' end", "what was booked")]
    priced = next((c for c in view.form.columns if c.is_number and c not in (given, taken) and all(
        re.search(p, c.name.lower()) for p in (POINTS, PRICED, TAKEN))), None)
    body += [column_line("unit_cost", f"{is_taken}{priced.as_number} / answer end", "what each cost")] if priced else []
    used = [who, when, given, taken, priced]
    drafted = draft_table(view, "points", [*body, *unused_remarks(view.form.columns, used)], used,
                          where=f"item in ({sql_list([given.name])}) or answer <> 0")  # a month with none is one
    asked = [f"unpivot = {{ columns = {toml_text([given.name, taken.name])} }} {GUESS}an entry for each", *_once(view)]
    return replace(drafted, lines=(*drafted.lines[:2], *asked, *drafted.lines[2:]))


def draft_activity(view: FileView) -> Iterator[DraftedTable]:
    """Yield events of what customers did, where a ledger of points counts it in each record."""
    who, when = view.known["customer_id"], view.known.get("ordered_at") or view.moments[0]
    counts = [c for c in view.form.columns if c.is_number and re.search(ACTIVITY, c.name.lower())]
    count = next((c for c in counts if re.match(r"total", c.name.lower())), next(iter(counts), None))
    if count is None or not _points(view):
        return
    body = [column_line("customer_id", who.quoted, "who"), date_line("occurred_at", when),
            column_line("kind", f"'{' '.join(infer_keys.name_words(count.name))}'", "what happened")]
    drafted = draft_table(view, "events", body, [who, when], where=f"{count.as_number} > 0")
    yield replace(drafted, lines=(*drafted.lines[:2], *_once(view), *drafted.lines[2:]))


def _points(view: FileView) -> list[InferredColumn]:
    """Return the columns of points, but for those that tell what they are worth."""
    return [c for c in view.form.columns if c.is_number and re.search(POINTS, c.name.lower())
            and not re.search(PRICED, c.name.lower())]


def _once(view: FileView) -> list[str]:
    """Return the line that counts records once that are there several times: a ledger has one for each period."""
    told = f"{view.form.n_repeated:,} of the records looked at are exact repetitions"
    return [f'duplicates = "reject" {GUESS}{told}'] if view.form.n_repeated else []


def draft_memberships(view: FileView) -> Iterator[DraftedTable]:
    """Yield the table of tiers where each record is a member's, with a tier and the day of joining."""
    who, since = view.known.get("customer_id"), view.known.get("joined_on") or view.known.get("started_on")
    few = [c for c in view.form.columns if c.kind == "text" and 1 < c.n_distinct <= infer_semantics.FEW["sort"]]
    tier = next((c for c in few if re.fullmatch(TIER, c.name.lower()) or sum(
        v.lower() in METALS for v in c.values.to_pylist()) > 1), None)
    if who is None or not who.is_unique or since is None or tier is None:
        return
    until = view.known.get("ended_on")
    body = [column_line("customer_id", who.quoted, "the member"), column_line("tier", tier.quoted, "tier"),
            date_line("valid_from", since)]
    body += [date_line("valid_to", until)] if until and until != since else []
    yield draft_table(view, "memberships", body, [who, tier, since, until])


def _few(view: FileView) -> Iterator[InferredColumn]:
    yield from (c for c in view.form.columns if c.kind == "text" and c.n_distinct <= infer_semantics.FEW["sort"]
                and not infer_semantics.is_personal(c))
