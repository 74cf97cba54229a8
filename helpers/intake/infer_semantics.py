"""Inferred meaning of columns: from names, values and references between files."""

import re
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from helpers.intake import pii_in_text
from helpers.intake.exchange_rates import CURRENCIES
from helpers.intake.infer_keys import JoinKey, name_words
from helpers.intake.infer_types import NUMBERS, InferredColumn

PEOPLE = (r"(customer|client|cust|user|member|loyalty|kunde|kund|kde|klant|asiakas|klient|müşteri|musteri|клиент|客户|"
          r"会员|顧客|고객|회원|buyer|kaeufer|käufer|besteller|player|guest|household|"
          r"person|account|konto|acheteur|cliente|subscriber|passenger|patient|company|firma)")

MEANINGS = {  # in the order in which they are looked for; words as they stand in names, in several languages
    "opportunity_id": r"(opportunity|oppty|opp|deal|lead|angebot|quote|chance)",
    "case_id": r"(case|ticket|complaint|incident|claim|fall|beschwerde|reclamation)",
    "order_id": r"(order|ordre|ordine|bestilling|beställning|tilaus|zamówieni|zamowieni|sipariş|siparis|заказ|订单|"
                r"注文|주문|fattura|faktura|factura|invoice|transaction|receipt|basket|bestel(?!ler)(lung|ling|l)?|auftrag|beleg|"
                r"rechnung|commande|facture|pedido|purchase|sale|bon)",
    "customer_id": PEOPLE,
    "refunded": r"(amount|total|betrag|montant|summe)?_?(refunded|refund(amount|total)|erstattet|erstattung|rembours)",
    "product_id": r"(sku|product|article|artikel|stockcode|produit|item|producto|ean|asin)",
    "partner_id": r"(seller|vendor|merchant|partner|reseller|händler|haendler|vendedor|vendeur)",
    "amount": r"(amount|belopp|beløp|beloeb|bedrag|importo|kwota|tutar|сумма|金额|金額|금액|valor|monto|total|sum$|"
              r"revenue|sales|turnover|betrag|umsatz|montant|paid|payment|spend|value|net|gross|importe|summe|brutto|netto|"
              r"worth)",
    "quantity": r"(qty|quantity|numberof|noof|antal|aantal|ilość|ilosc|adet|miktar|количество|数量|수량|quantità|"
                r"quantita|menge|anzahl|units|quantite|cantidad|pieces|pcs|stueck|stück|stk)",
    "price": r"(unitprice|price|preis|einzelpreis|prix|precio|each$)",
    "category": r"(category|kategorie|group|department|warengruppe|series|categorie)",
    "discount": r"(discount|rabatt|remise|rebate)",
    "channel": r"(channel|kanal|store|shop|filiale|source)",
    "state": r"(order)?(state|status|etat|estado|zustand)",
    "sort": r"(kind|type|typ|art|sort|vorgang)",
    "has_ended": r"(churn|exited|attrit|cancelled|canceled|left|ended|kuendig|gekündigt|resilie)",
    "tenure_months": r"(tenure|monthson|months|laufzeit|monate|anciennete)",
    "monthly_fee": r"(monthly|mrr$|arpu$|fee|monatl|mensu|grundgebühr|abo)",
    "plan": r"(plan|tariff|tarif|contract|vertrag|subscription)",
    "stage": r"(deal)?(stage|phase|pipeline|etape)",
    "campaign": r"(campaign|kampagne|campagne|campaña|mailing)",
    "owner": r"(owner|agent|reps?$|representative|salesperson|verkäufer|vertreter|betreuer|vendeur)",
    "ordered_at": r"(order|dato|päivä|tarih|дата|日期|日付|날짜|주문일|beställ|zamów|sipariş|purchase|placed|"
                  r"invoice|bestell|rechnung|kauf|commande|achat|pedido|compra|sold|sale|booked|transaction|date|datum|day|tag|time|when|created|timestamp|fecha|paid)",
    "promised_on": r"(promis|estimat|due|expected|zugesagt|liefertermin)",
    "delivered_on": r"(delivered|delivery|zugestellt|geliefert|livr|received)",
    "joined_on": r"(join|since|seit|regist|sign|enrol|member|creat|start|first|inscri|alta|beitritt|acquired|date|"
                 r"datum|kunde)",
    "started_on": r"(start|begin|since|from|activ|sign|join|seit|ab|debut|inicio|date|datum)",
    "ended_on": r"(end|cancel|terminat|churn|left|clos|until|kündig|kuendig|fin|resili)",
    "opened_on": r"(open|engage|creat|start|begin|erstellt|eröffn|ouvert|date|datum|received|report|eingang)",
    "closed_on": r"(clos|won|decided|end|abschluss|resolv|solved|erledigt|ferm|geschlossen)",
    "answered_at": r"(answer|respon|submit|review|complet|date|datum|time|when|creat|rated)",
}

AVOIDED = {
    "amount": r"(tax|vat|mwst|ship|freight|fracht|versand|porto|postage|fee|discount|rabatt|unit|einzel|points|"
              r"punkte|weight|count|cost|average|avg|year|number|items|refund|flights|visits|calls|minutes|hours|nights|"
              r"clicks|sessions|logins|distance|salesprice|listprice|sequen|instal|method|type)",
    "quantity": r"(price|preis|stock|days)", "price": r"(total|list|cost|month|monat|mensu)",
    "ordered_at": r"(ship|deliver|due|birth|geburt|(?<!sign)updat|modif|approv|estimat|liefer|return|expire|limit|"
                  r"promis|change)",
    "joined_on": r"(birth|geburt|dob|last|letzt|(?<!sign)updat|end|cancel|modif|change|order|purchase)",
    "started_on": r"(birth|geburt|end|last|cancel|(?<!sign)updat)", "opened_on": r"(clos|end|birth|(?<!sign)updat)",
    "delivered_on": r"(carrier|estimat|due|promis|method|mode)", "tenure_months": r"(charge|fee|amount|inactiv)",
    "monthly_fee": r"(gb|distance|download|usage|date)",
    "product_id": r"(price|count|qty|quantity|name|rating)",
    "category": r"(churn|age)", "channel": r"(shopper|shopping)",
}

PREFERRED = {"answered_at": r"answer|respon|submit|complet|record|^end|finish"}  # rather than when one was asked

DATED = tuple(m for m in MEANINGS if m.endswith(("_on", "_at")))

KINDS = {**dict.fromkeys(
    ("amount", "refunded", "quantity", "price", "discount", "tenure_months", "monthly_fee"), NUMBERS),
         "has_ended": ("flag", "text"), "stage": ("text",), "state": ("text",),
         "sort": ("text",), "plan": ("text",), "owner": ("text",),
         **dict.fromkeys(DATED, ("date", "time"))}

FEW = {"has_ended": 2, "state": 20, "sort": 20, "stage": 20, "plan": 50}

NAMED = (r"^(full |first |last |given |family |middle |sur|customer |contact |buyer |billing |shipping |client |user |"
         r"nach|vor|kunden ?|your (full |first |last )?)?(name|nom|prenom|prénom|nombre|apellidos?|cognome|nome|"
         r"imię|nazwisko|soyadı|имя|фамилия|姓名|氏名|이름)$")

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
    lone = [c for c in columns if c.is_moment and not re.search(AVOIDED["ordered_at"], c.name.lower())]
    if len(lone) == 1 and lone[0] not in known.values():  # whatever it is called, it says when
        known |= dict.fromkeys(("ordered_at", "started_on", "opened_on", "answered_at"), lone[0])
    return known | _alone(columns, known)


def is_called_key(column: InferredColumn) -> bool:
    """Return whether a column is called an id or the number of something."""
    return bool(re.search(ID, column.name.lower()))


def is_customer_named(columns: Sequence[InferredColumn]) -> bool:
    """Return whether a column of a file is called a customer's key."""
    return bool(_ranked("customer_id", columns))


def is_kind_of(meaning: str, column: InferredColumn) -> bool:
    """Return whether a column's kind allows a meaning: a date where one is meant, a number where a sum is."""
    return column.kind != "empty" and column.kind in KINDS.get(meaning, (column.kind,))


def fitting_columns(meaning: str, columns: Sequence[InferredColumn]) -> list[InferredColumn]:
    """Return the columns whose names and kinds fit a meaning, the likeliest first."""
    return _ranked(meaning, columns)


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
    told = (*name_words(link.column.name), *name_words(link.key.name), *name_words(link.other.name))
    named = next((m for m in REFERRED if any(re.match(MEANINGS[m], w) for w in told)), "")
    here, there = (any(c.is_moment for c in form.columns) for form in (link.form, link.other))
    is_customer = link.is_most_shared and (link.column.is_unique or here)
    return named or ("customer_id" if is_customer else "order_id" if there else "")


def _ranked(meaning: str, columns: Sequence[InferredColumn]) -> list[InferredColumn]:
    """Return the columns that may have a meaning, the likeliest first: those whose names begin so."""
    sought, avoided = MEANINGS[meaning], AVOIDED.get(meaning, r"(?!)")
    fitting = [(c, re.sub(r"[\W_]", "", c.name.lower())) for c in columns if _may(meaning, c)]
    fitting = [(c, n) for c, n in fitting if not re.search(avoided, n)]
    begins = [c for c, n in fitting if re.match(sought, n)]
    if not meaning.endswith("_id"):
        found = begins + [c for c, n in fitting if c not in begins and re.search(sought, n)]
        return sorted(found, key=lambda c: not re.search(PREFERRED.get(meaning, ""), c.name.lower()))
    ranked = begins + [
        c for c, _ in fitting if c not in begins and any(re.match(sought, w) for w in name_words(c.name))
    ]
    called = [c for c in ranked if re.search(ID, c.name.lower())]  # an id is called so, or stands alone
    alone = [c for c, n in fitting if re.fullmatch(sought, n)]
    return called or alone or (ranked if meaning == "product_id" else [])


def _may(meaning: str, column: InferredColumn) -> bool:
    """Return whether a column's kind and values allow a meaning."""
    if meaning in KINDS:
        is_answer = column.is_scale and meaning != "quantity"
        is_few = column.n_distinct <= FEW.get(meaning, column.n_distinct)
        return column.kind in KINDS[meaning] and not is_answer and is_few
    return column.kind not in ("date", "time", "empty", "flag") and not column.is_scale


def _alone(columns: Sequence[InferredColumn], known: Mapping[str, InferredColumn]) -> dict[str, InferredColumn]:
    """Return what a column that is only called an id is one of: of orders where they are dated, else of customers."""
    alone = [c for c in columns if re.fullmatch(r"(id|.*[\W_]id)", c.name.lower()) and c not in known.values()]
    if not alone:
        return {}
    if alone[0].is_unique and "order_id" not in known and any(c.is_moment for c in columns) and "amount" in known:
        return {"order_id": alone[0]}
    return {} if {"customer_id", "order_id"} & known.keys() else {"customer_id": alone[0]}
