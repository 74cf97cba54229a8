"""Inferred meaning of columns: from names, values and references between files."""

import re
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake import header_words, pii_in_text, verbal_scales
from helpers.intake.exchange_rates import CURRENCIES
from helpers.intake.header_words import AVOIDED, MEANINGS, PREFERRED
from helpers.intake.infer_keys import JoinKey, name_words
from helpers.intake.infer_types import NUMBERS, InferredColumn

DATED = tuple(m for m in MEANINGS if m.endswith(("_on", "_at")))

KINDS = {**dict.fromkeys(
    ("amount", "refunded", "quantity", "price", "discount", "tenure_months", "monthly_fee"), NUMBERS),
         "has_ended": ("flag", "text"), "stage": ("text",), "state": ("text",),
         "sort": ("text",), "plan": ("text",), "owner": ("text",),
         **dict.fromkeys(DATED, ("date", "time"))}

FEW = {"has_ended": 2, "state": 20, "sort": 20, "stage": 20, "plan": 50}

NAMED = (r"^(full |first |last |given |family |middle |sur|customer |contact |buyer |billing |shipping |client |user |"
         r"person |respondent |participant |member |requester |nach|vor|kunden ?|"
         r"your (full |first |last )?)?(name|nom|prenom|prénom|nombre|apellidos?|cognome|nome|"
         r"imię|nazwisko|soyadı|имя|фамилия|姓名|氏名|이름|"
         r"(payee|payer|beneficiary|recipient|account ?holder|cardholder)( name)?|auftraggeber( .*)?|"
         r"(zahlungs)?empfänger( .*)?|zahlungspflichtiger?|kontoinhaber|bénéficiaire|titulaire|beneficiario|ordenante|"
         r"titular|intestatario|customer description)$")

LOCATED = r"\b(latitude|longitude|lat ?long?|lat ?lng|gps|coordinates)\b|^(lat|lon|lng)$"

PLACED = (r"e ?mail\b|courriel|correo|\bstreet|strasse|straße|\b(ip )?address(es)?\b( (line )?\d)?$|^adresse?\b|"
          r"dirección|indirizzo|passport|\biban\b|地址|住所|주소")

NUMBERED = (r"\b(tele)?phone( (number|no|nr))?$|\btelefon\w*( ?nummer)?$|^tel( (no|nr))?$|\biban\b|^handy|birth|geburt|"
            r"^dob$|\bmobile( (number|no|phone))?$|\b(postal|post ?code|zip)( ?code)?$|^plz$|"
            r"电话|手机|電話|전화|휴대폰")

QUESTION = (r"\b(my|our|us|we|how|what|which|why|rate|please|tell|do|does|did|would|were|was|wie|wir|uns|unser\w*|"
            r"notre|nos|nuestr\w+|cómo)\b")

ASKED_FOR = (r"\byour (\w+ )?(name|e ?mail( address)?|address|(tele)?phone( number)?|mobile|date of birth|post ?code|"
             r"zip)$")

MOST_WORDS, LEAST_NUMBER = 5, 1_000  # a longer name is a sentence; smaller numbers are counts or marks

REFERRED = ("customer_id", "campaign", "category", "product_id", "partner_id", "owner", "order_id")  # by other files

CURRENCY_NAMES = r"curren|währung|waehrung|devise|moneda|valuta|para birimi|货币|通貨|통화"

CODE = r"[A-Za-z]{0,4}[-_ ]?\d{2,}"  # as numbers of documents and of customers are written

ADDRESS, LOOKED_AT = r"^\s*[^@\s]+@[^@\s]+\.\pL{2,}\s*$", 1_000

ID = r"(id|no|nr|nummer|number|code|key|ref|num|uid|号|编号|番号|번호)\W*$"


def infer_meanings(columns: Sequence[InferredColumn], links: Iterable[JoinKey] = ()) -> dict[str, InferredColumn]:
    """Return the column that each meaning seems to have; a column has one meaning, but for dates.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of one file.
    links : iterable of JoinKey
        Its references to other files; what is called otherwise may still be a customer's or a product's key.
    """
    known = {name: link.column for link in links if (name := referenced_meaning(link)) and link.column in columns}
    for meaning in MEANINGS:
        if meaning in known:
            continue
        taken = () if meaning in DATED else known.values()
        ranked = _ranked(meaning, [c for c in columns if c not in taken])
        known |= {meaning: ranked[0]} if ranked else {}
    priced = [c for c in columns if c.kind == "money" and c not in known.values()]
    if priced and not {"amount", "price", "monthly_fee"} & known.keys():
        known["amount"] = priced[0]
    lone = [c for c in columns if c.is_moment and not re.search(AVOIDED["ordered_at"], header_words.plain(c.name))]
    if len(lone) == 1 and lone[0] not in known.values():  # whatever it is called, it says when
        known |= dict.fromkeys(("ordered_at", "started_on", "opened_on", "answered_at"), lone[0])
    case = known.get("case_id")
    if case and "amount" in known and "order_id" not in known and "ticket" in case.name.lower():
        known["order_id"] = known.pop("case_id")  # of a shop's till
    known |= _alone(columns, known)
    address = address_column(columns)
    is_person = address and not address.is_unique and "customer_id" not in known
    return known | ({"customer_id": address} if address and is_person else {})


def is_called_key(column: InferredColumn) -> bool:
    """Return whether a column is called an id or the number of something."""
    words = " ".join(_plain_words(column.name))
    return bool(re.search(ID, column.name.lower()) or re.fullmatch(header_words.KEY_IN_FRONT, words))


def is_customer_named(columns: Sequence[InferredColumn]) -> bool:
    """Return whether a column of a file is called a customer's key."""
    return bool(_ranked("customer_id", columns))


def is_kind_of(meaning: str, column: InferredColumn) -> bool:
    """Return whether a column's kind allows a meaning: a date where one is meant, a number where a sum is."""
    return column.kind != "empty" and column.kind in KINDS.get(meaning, (column.kind,))


def fitting_columns(meaning: str, columns: Sequence[InferredColumn]) -> list[InferredColumn]:
    """Return the columns whose names and kinds fit a meaning, the likeliest first."""
    return _ranked(meaning, columns)


def address_column(columns: Sequence[InferredColumn]) -> InferredColumn | None:
    """Return the column of e-mail addresses, by which people are told apart where they have no number; None: no one."""
    texts = (c for c in columns if c.kind == "text" and c.n_distinct > 1)
    return next((c for c in texts if pc.all(pc.match_substring_regex(c.values, ADDRESS)).as_py()), None)


def currency_column(columns: Sequence[InferredColumn], money: InferredColumn | None) -> InferredColumn | None:
    """Return the column that tells in which of several currencies each record's money is; None where one is told.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of one file.
    money : InferredColumn or None
        The amounts, beside which signs of several currencies may stand.
    """
    if money and money.numbers and len(money.numbers.currencies) > 1:
        return money
    named = [c for c in columns if re.search(CURRENCY_NAMES, c.name.lower()) and c.n_distinct > 1]
    return next((c for c in named if all(v in CURRENCIES for v in c.values.to_pylist())), None)


def is_personal(column: InferredColumn) -> bool:
    """Return whether a column seems to hold what only tells who somebody is: a name, an address, a birthday.

    Its values tell it (e-mail addresses, phone and card numbers), or its name does and its values do not speak
    against it: marks on a scale and counts are none, codes are no names, and what is worded as a question is one,
    unless it asks for the person's own.
    """
    if column.kind in ("empty", "flag"):
        return False
    if _holds_personal(column):
        return True
    plain = " ".join(name_words(column.name))
    is_asked = re.search(QUESTION, plain) or column.name.rstrip().endswith("?") or len(plain.split()) > MOST_WORDS
    if is_asked:
        asked_for = re.search(ASKED_FOR, plain)
        plain = asked_for.group() if asked_for else ""
    if re.search(NAMED, plain):
        has_digits = pc.mean(pc.match_substring_regex(column.values, r"\d").cast("float64")).as_py() or 0.0
        return column.kind == "text" and has_digits < 0.5
    if re.search(LOCATED, plain):
        return True
    if column.is_number:
        return bool(re.search(NUMBERED, plain)) and column.high >= LEAST_NUMBER
    has_digits = pc.any(pc.match_substring_regex(column.values, r"\d")).as_py()
    return bool(re.search(PLACED, plain) or (has_digits and re.search(NUMBERED, plain)))


def _holds_personal(column: InferredColumn) -> bool:
    """Return whether any value looked at is an e-mail address, or half of them are phone or card numbers."""
    first = column.values.slice(0, LOOKED_AT)
    if pc.any(pc.match_substring_regex(first, ADDRESS)).as_py():
        return True
    masked = pii_in_text.mask_texts(first) if column.kind == "text" else first
    found = pc.is_in(masked, pa.array([pii_in_text.PHONE, pii_in_text.CARD]))
    return (pc.mean(found.cast("float64")).as_py() or 0.0) >= 0.5


def referenced_meaning(link: JoinKey) -> str:
    """Return what a reference to another file means: whose key it is, by names, else by what stands in the files.

    Records of the same thing, to which no fewer files refer than to any other, are taken for a customer's; what is
    only dated in the other file is part of an order.
    """
    told = [w for name in (link.column.name, link.key.name, link.other.name) for w in _plain_words(name)]
    named = next((m for m in REFERRED if any(re.match(MEANINGS[m], w) for w in told)), "")
    here, there = (any(c.is_moment for c in form.columns) for form in (link.form, link.other))
    is_customer = link.is_most_shared and (link.column.is_unique or here)
    return named or ("customer_id" if is_customer else "order_id" if there else "")


def _plain_words(name: str) -> tuple[str, ...]:
    """Return the words of a column's name without accents."""
    return tuple(header_words.plain(word) for word in name_words(name))


def _ranked(meaning: str, columns: Sequence[InferredColumn]) -> list[InferredColumn]:
    """Return the columns that may have a meaning, the likeliest first: those whose names begin so."""
    sought, avoided = MEANINGS[meaning], AVOIDED.get(meaning, r"(?!)")
    fitting = [(c, re.sub(r"[\W_]", "", header_words.plain(c.name))) for c in columns if _may(meaning, c)]
    fitting = [(c, n) for c, n in fitting if not re.search(avoided, n)]
    begins = [c for c, n in fitting if re.match(sought, n)]
    if not meaning.endswith("_id"):
        found = begins + [c for c, n in fitting if c not in begins and re.search(sought, n)]
        later = header_words.NOTICE if meaning == "ended_on" else r"(?!)"
        return sorted(found, key=lambda c: (not re.search(PREFERRED.get(meaning, ""), c.name.lower()),
                                            bool(re.search(later, header_words.plain(c.name)))))
    ranked = begins + [
        c for c, _ in fitting if c not in begins and any(re.match(sought, w) for w in _plain_words(c.name))
    ]
    called = [c for c in ranked if is_called_key(c)]  # an id is called so, or stands alone
    alone = [c for c, n in fitting if re.fullmatch(sought, n)]
    return called or alone or (ranked if meaning == "product_id" else [])


def _may(meaning: str, column: InferredColumn) -> bool:
    """Return whether a column's kind and values allow a meaning; answers on a verbal scale are nothing else."""
    if column.kind == "text" and verbal_scales.answer_scale(column):
        return False
    if meaning in KINDS:
        is_answer = column.is_scale and meaning != "quantity"
        is_few = column.n_distinct <= FEW.get(meaning, column.n_distinct)
        return column.kind in KINDS[meaning] and not is_answer and is_few
    is_mark = column.is_scale and not is_called_key(column)  # a few numbers may still be a key's, such as a campaign's
    return column.kind not in ("date", "time", "empty", "flag") and not is_mark


def _alone(columns: Sequence[InferredColumn], known: Mapping[str, InferredColumn]) -> dict[str, InferredColumn]:
    """Return what a column that is only called an id is one of: of orders where they are dated, else of customers."""
    rest = [c for c in columns if c not in known.values()]
    alone = [c for c in rest if re.fullmatch(r"(.*[\W_])?(u|uu|gu)?id", c.name.lower())]
    is_traded = "order_id" not in known and "amount" in known and any(c.is_moment for c in columns)
    coded = [c for c in rest if c.kind == "text" and c.is_unique and all(
        re.fullmatch(CODE, v) for v in c.values.slice(0, LOOKED_AT).to_pylist())] if is_traded else []
    if not alone:
        return {"order_id": coded[0]} if coded and "customer_id" in known else {}
    if alone[0].is_unique and is_traded:
        return {"order_id": alone[0]}
    return {} if {"customer_id", "order_id"} & known.keys() else {"customer_id": alone[0]}
