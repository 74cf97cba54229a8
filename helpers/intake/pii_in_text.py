"""Personal data in free text: e-mail addresses, phone and card numbers are masked.

Texts that cannot hold any are told by two searches over whole columns; only the others are looked at one by one, each
distinct text once. Order numbers, dates and amounts stay: a number is a phone number only in a form in which some
country writes them, and a card number only if its check digit is right (Luhn; ISO/IEC 7812-1, annex B).
"""

import re

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from helpers.foundation.errors import InputError
from helpers.intake import expressions
from helpers.intake.profile_schema import TableRule
from helpers.intake.profiles import Profile

E_MAIL, PHONE, CARD = "[e-mail]", "[phone]", "[card]"

WRITTEN = {"responses": ("comment",), "cases": ("cause",), "subscriptions": ("end_reason",)}

SUSPECT = r"[@＠]|[\(\[]\s?(?:at|AT|ät)\s?[\)\]]|\d(?:[ ()./\-\x{a0}\x{2009}\x{202f}‐-―]{0,3}\d){6}"

_AT = r"(?:[@＠]|\s?[\(\[]\s?(?:at|AT|ät)\s?[\)\]]\s?)"

_ADDRESS = re.compile(rf"[\w.+%'’-]+{_AT}[\w-]+(?:(?:\.|\s?[\(\[]\s?(?:dot|punkt)\s?[\)\]]\s?)[\w-]+)+")

_GAP = r"[ \u00a0\u2009\u202f.\-‐-―/]"

_NO_DIGIT_BEFORE = r"(?=[+(\d])(?<![\w+])(?<!\d[.,\-/:])"

_NO_DIGIT_BEHIND = r"(?![.,\-/:]?\d)(?!\w)"

_CARDS = re.compile(rf"(?<!\w)(?<!\d-)[2-6]\d{{3}}(?:[ \u00a0-]?\d){{9,15}}{_NO_DIGIT_BEHIND}")

_FIRST = {13: (4,), 14: (3,), 15: (2, 3), **dict.fromkeys((16, 17, 18, 19), (2, 3, 4, 5, 6))}  # of a card's digits

_FORMS = "|".join([
    rf"(?:\+|00(?=[1-9]))\s?[1-9]\d{{0,2}}(?:[)]?{_GAP}{{0,2}}[(]?\d){{7,14}}",
    rf"[(]0[)]\s?[1-9]\d{{0,3}}(?:{_GAP}{{1,2}}\d{{2,}}){{1,4}}",  # (0)20 7946 0958
    rf"[(]0[1-9]\d{{0,4}}[)]{_GAP}{{0,2}}\d{{2,}}(?:{_GAP}\d{{2,}}){{0,4}}",  # (030) 123456
    r"0[1-9](?:([ \u00a0.\-])\d\d)(?:\1\d\d){3}",  # French pairs
    rf"0[1-9]\d{{0,4}}(?:{_GAP}{{1,3}}\d{{2,}}){{1,4}}",  # 030 123456, 020 7946 0958, 010-1234-5678, 03-1234-5678
    r"(?:01[5-7]\d{8,9}|0[67]\d{8}|07\d{9}|010\d{8}|0[789]0\d{8})",  # mobiles in one piece: DE, FR, UK, KR, JP
    r"1[3-9]\d(?:[ -]\d{4}[ -]\d{4}|\d{8})",  # CN mobiles
    r"(?:1[ .-])?(?:[(][2-9]\d\d[)]\s?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}",  # US
])

_PHONES = re.compile(rf"{_NO_DIGIT_BEFORE}(?:{_FORMS}){_NO_DIGIT_BEHIND}")

_NUMBERS = re.compile(rf"{_NO_DIGIT_BEFORE}[+(]?\d(?:{_GAP}?[()]?\d){{5,14}}{_NO_DIGIT_BEHIND}")

_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d\d|(?:19|20)\d\d[./\-]\d{1,2}[./\-]\d{1,2}"
                   r"|^(?:\d{1,2}[ .\-/]\d{1,2}[ .\-/](?:19|20)?\d\d)$)(?!\d)")

_ORDERS = re.compile(r"(?:#|(?:\border|bestell\w*|auftrags?\w*|rechnungs?\w*|invoice|commande|facture|pedido|"
                     r"ticket|artikel\w*|article|parcel|tracking|paket\w*|ref|订单|訂單|注文|주문)"
                     r"\W{0,2}(?:no|nr|number|nummer|num|id|n°|号|号码|番号|번호)?\W{0,3})$", re.IGNORECASE)

_WORD = (r"(?:\b(?:tel|telefon|telephone|téléphone|phone|mobile?|handy|cell|fax|whatsapp|call|ring|ruf\w*|"
         r"appele[rz]|portable)|电话|電話|手机|手機|携帯|전화|휴대폰|연락처)")

_SIGN, _LONG, _CALL = re.compile(r"[@＠(\[]"), re.compile(r"\d(?:[ \u00a0-]?\d){12}"), re.compile(_WORD, re.IGNORECASE)

_CALLS = re.compile(_WORD + r"(?:\W{0,3}(?:me|us|mich|uns|on|at|an|under|unter|au|is|ist|no|nr|number|nummer|号码|番号|"
                    r"번호))*\W{0,4}$", re.IGNORECASE)


def mask_texts(texts: pa.Array) -> pa.Array:
    """Return texts with e-mail addresses, phone and card numbers replaced; empty stays empty.

    Parameters
    ----------
    texts : Array of string, shape (n,)
        Free text.

    Returns
    -------
    Array of string, shape (n,)

    Examples
    --------
    >>> mask_texts(pa.array(["Mail me: ann@example.org", "Order 4711 came on 2024-05-01"])).to_pylist()
    ['Mail me: [e-mail]', 'Order 4711 came on 2024-05-01']
    """
    is_suspect = pc.match_substring_regex(texts, SUSPECT).fill_null(False)
    if not pc.any(is_suspect).as_py():
        return texts
    coded = texts.filter(is_suspect).dictionary_encode()
    clean = pa.array([mask_text(t) for t in coded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, is_suspect, clean.take(coded.indices))


def mask_text(text: str) -> str:
    """Return one text with e-mail addresses, phone and card numbers replaced."""
    if _SIGN.search(text):
        text = _ADDRESS.sub(E_MAIL, text)
    if _LONG.search(text):
        text = _CARDS.sub(lambda m: CARD if is_card_number(m.group()) else m.group(), text)
    text = _PHONES.sub(_unless_other, text)
    if _NUMBERS.search(text) and _CALL.search(text):
        text = _NUMBERS.sub(lambda m: PHONE if _stands_behind(_CALLS, m) else m.group(), text)
    return text


def is_card_number(number: str) -> bool:
    """Return whether a number is a card's: its length fits its first digit, and it ends in the right check digit.

    Examples
    --------
    >>> is_card_number("4111 1111 1111 1111"), is_card_number("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(d) for d in number if d.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return digits[0] in _FIRST.get(len(digits), ()) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def free_text_columns(profile: Profile, name: str) -> tuple[str, ...]:
    """Return the columns of a file that hold free text: those named in its mask, and those that a comment is made of.

    Parameters
    ----------
    profile : Profile
        The source profile.
    name : str
        The profile's name for files of one form.
    """
    found = list(profile.files[name].mask.free_text)
    for table, columns_ in WRITTEN.items():
        whole = profile.tables.get(table)
        for rule in whole.rules if whole else ():
            for made in [rule.columns[c].from_ for c in columns_ if c in rule.columns]:
                found += _read_by(made, rule, name)
    return tuple(dict.fromkeys(found))


def _read_by(text: str, rule: TableRule, name: str) -> list[str]:
    """Return the columns of one file that an expression of a table reads; none where it cannot be read itself."""
    try:
        tree = expressions.parse_expression(text, "free text")
    except InputError:  # said where the table is made
        return []
    known = [".".join(part.name for part in node.parts) for node in tree.find_all(exp.Column)]
    own = [c for c in known if "." not in c] if rule.from_ == name else []
    if rule.unpivot:
        answers = rule.unpivot.columns if "answer" in own else []
        own = [*(c for c in own if c not in ("item", "answer")), *answers]
    looked_up = [alias for alias, lookup in rule.lookup.items() if lookup.file == name]
    return own + [c.partition(".")[2] for c in known if c.partition(".")[0] in looked_up]


def _unless_other(match: re.Match) -> str:
    """Return the mask of a phone number, or the text where the number is a date or an order's."""
    text = match.group()
    n_digits = sum(map(str.isdigit, text))
    is_bare = text.startswith("00") and text.isdigit() and n_digits < 12  # zeros before a short number fill it up
    is_other = not 8 <= n_digits <= 16 or is_bare or _DATE.search(text) or _stands_behind(_ORDERS, match)
    return text if is_other else PHONE


def _stands_behind(words: re.Pattern, match: re.Match) -> bool:
    return words.search(match.string[max(0, match.start() - 40):match.start()]) is not None
