"""Personal data in free text: e-mail addresses, phone, card, bank account and national id numbers are masked.

Texts that cannot hold any are told by a search over whole columns; only the others are looked at one by one, each
distinct text once, in a time that grows with its length whatever it holds: what repeats without bound gives nothing
back (``++``) and begins only where nothing like it stands before. Order numbers, dates and amounts stay: a number is a
phone number only in a form in which some country writes them (phonenumbers knows more of them), a card's, an account's
or a person's only if its check digits are right (Luhn; ISO/IEC 7812-1, annex B; ISO 13616; `national_ids`).
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from helpers.foundation.errors import InputError
from helpers.intake import expressions, national_ids
from helpers.intake.profile_schema import TableRule
from helpers.intake.profiles import Profile

E_MAIL, PHONE, CARD, IBAN, NATIONAL_ID = "[e-mail]", "[phone]", "[card]", "[iban]", "[national id]"

WRITTEN = {"responses": ("comment",), "cases": ("cause",), "subscriptions": ("end_reason",)}

SUSPECT = (r"[@＠]|[\(\[]\s?(?:at|AT|ät)\s?[\)\]]|%(?:25)*40|&#(?:64|x40);|\s(?:dot|DOT|punkt)\s"
           r"|\p{Nd}(?:[ ()./\-\x{a0}\x{2009}\x{202f}\x{3000}‐-―（）．／－]{0,3}\p{Nd}){6}|" + national_ids.SUSPECT)

_PLAIN = {  # signs of full width and digits of other writings, each as one sign
    **{code: str(unicodedata.decimal(chr(code))) for code in range(0x660, 0xFF00) if chr(code).isdecimal()},
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}, 0x3000: " "}

_ENDINGS = "com|org|net|edu|gov|info|io|eu|uk|us|ca|au|de|at|ch|fr|es|it|nl|be|pt|pl|se|no|dk|fi|ru|br|in|jp|cn|kr"

_UNSPACED = "\u0e00-\u0eff\u1100-\u11ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"  # no gaps between words

_W = rf"[^\W{_UNSPACED}]"  # a letter or digit of a writing with gaps between its words

_LOCAL = "|".join([
    rf"(?<![\w.+%'’-])(?:{_W}|[.+%'’-])++", rf"(?<=[{_UNSPACED}])(?:{_W}|[.+%'’-])++",
    rf"(?<![{_UNSPACED}])[{_UNSPACED}]++",  # a name in such a writing, where nothing else stands before the sign
])

_AT = r"(?:@|\s?[\(\[]\s?(?:at|AT|ät)\s?[\)\]]\s?)"

_DOT = r"(?:\.|\s\.\s|\s?[\(\[]\s?(?:dot|punkt)\s?[\)\]]\s?)"

_LABEL = rf"(?:{_W}|-)++"

_ADDRESSES = (
    re.compile(rf"(?:{_LOCAL}){_AT}{_LABEL}(?:{_DOT}{_LABEL})++"),
    re.compile(rf"(?:{_LOCAL})(?:\s@\s?|@\s){_LABEL}(?:{_DOT}{_LABEL})++(?<=[^\W\d_][^\W\d_])"),  # 3 @ 2.50 is none
    re.compile(rf"(?<![\w.+-])(?:{_W}|[.+-])++(?:%(?:25)*+40|&\#(?:64|x40);){_LABEL}(?:(?:\.|%(?:25)*+2[eE]){_LABEL})++"),
    re.compile(rf"(?<![\w.+-])(?:{_W}|[.+-])++\s(?:at|AT)\s{_LABEL}(?:\s(?:dot|DOT|punkt)\s{_LABEL})*?"
               rf"\s(?:dot|DOT|punkt)\s(?i:{_ENDINGS})\b"),
)

_GAP = r"[ \u00a0\u2009\u202f.\-‐-―/]"

_NO_DIGIT_BEFORE = rf"(?=[+(\d])(?<!{_W})(?<!\+)(?<!\d[.,\-/:])"

_NO_DIGIT_BEHIND = rf"(?![.,\-/:]?\d)(?!{_W})"

_CARDS = re.compile(rf"(?<!{_W})(?<!\d-)[2-6]\d{{3}}(?:[ \u00a0-]?\d){{9,15}}{_NO_DIGIT_BEHIND}")

_IBAN_SIGNS = {  # in all, by country (ISO 13616, registry of the large countries that use it)
    **dict.fromkeys(("NO",), 15), **dict.fromkeys(("BE",), 16), **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("AT", "LU"), 20), "CH": 21, **dict.fromkeys(("DE", "GB", "IE"), 22), "AE": 23,
    **dict.fromkeys(("CZ", "ES", "RO", "SA", "SE", "SK"), 24), "PT": 25, "TR": 26,
    **dict.fromkeys(("FR", "GR", "IT"), 27), **dict.fromkeys(("HU", "PL"), 28), "BR": 29}

_IBANS = re.compile("|".join(
    rf"(?<!{_W})[{a}{a.lower()}][{b}{b.lower()}]\d\d(?:[ \u00a0-]?[A-Za-z0-9]){{{n - 4}}}(?!{_W})"
    for (a, b), n in _IBAN_SIGNS.items()))

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

_GROUPED = re.compile(rf"{_NO_DIGIT_BEFORE}[(]?\d{{1,5}}[)]?(?:{_GAP}[(]?\d{{2,5}}[)]?){{1,4}}{_NO_DIGIT_BEHIND}")

_REGIONS = ("AR", "AT", "AU", "BE", "BR", "CH", "CL", "CO", "CZ", "ES", "FI", "GR", "HU", "ID", "IN", "IT", "MX", "MY",
            "NL", "PE", "PH", "PL", "PT", "RO", "RU", "SE", "TH", "TR", "TW", "UA", "VN", "ZA")

_NUMBERS = re.compile(rf"{_NO_DIGIT_BEFORE}[+(]?\d(?:{_GAP}?[()]?\d){{5,14}}{_NO_DIGIT_BEHIND}")

_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./\-]\d{1,2}[./\-](?:19|20)\d\d|(?:19|20)\d\d[./\-]\d{1,2}[./\-]\d{1,2}"
                   r"|^(?:\d{1,2}[ .\-/]\d{1,2}[ .\-/](?:19|20)?\d\d)$)(?!\d)")

_ORDERS = re.compile(r"(?:#|(?:\border|bestell\w*|auftrags?\w*|rechnungs?\w*|invoice|commande|facture|pedido|"
                     r"ticket|artikel\w*|article|ean|gtin|isbn|barcode|sku|parcel|tracking|paket\w*|ref|订单|訂單|注文|주문)"
                     r"\W{0,2}(?:no|nr|number|nummer|num|id|n°|号|号码|番号|번호)?\W{0,3})$", re.IGNORECASE)

_WORD = (r"(?:\b(?:tel|telefon|telephone|téléphone|phone|mobile?|handy|cell|fax|whatsapp|call|ring|ruf\w*|"
         r"appele[rz]|portable)|电话|電話|手机|手機|携帯|전화|휴대폰|연락처)")

_SIGN = re.compile(r"[@(\[]|%(?:25)*40|&#|\s(?:dot|DOT|punkt)\s")

_LONG, _CALL = re.compile(r"\d(?:[ \u00a0-]?\d){12}"), re.compile(_WORD, re.IGNORECASE)

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
    """Return one text with e-mail addresses, phone, card and bank account numbers replaced.

    Signs of full width and digits of other writings are read as the plain ones that they stand for; what is not masked
    stays as it was written.
    """
    both = (text, text.translate(_PLAIN))
    if _SIGN.search(both[1]):
        for form in _ADDRESSES:
            both = _replaced(form, both, lambda m: E_MAIL)
    both = _replaced(_IBANS, both, lambda m: IBAN if is_account_number(m.group()) else None)
    if _LONG.search(both[1]):
        both = _replaced(_CARDS, both, lambda m: None if _is_article(m) or not is_card_number(m.group()) else CARD)
    both = _replaced(
        national_ids.NUMBERS, both,
        lambda m: NATIONAL_ID if national_ids.is_written_alone(m) and not _stands_behind(_ORDERS, m) else None)
    if national_ids.SAID.search(both[1]):
        both = _replaced(
            national_ids.CANDIDATES, both,
            lambda m: NATIONAL_ID if _stands_behind(national_ids.BEHIND, m)
            and national_ids.is_any_national_id(m.group()) else None)
    both = _replaced(_PHONES, both, lambda m: None if _is_other(m) else PHONE)
    both = _replaced(_GROUPED, both, lambda m: PHONE if is_national_phone(m.group()) and not _is_other(m) else None)
    if _NUMBERS.search(both[1]) and _CALL.search(both[1]):
        both = _replaced(_NUMBERS, both, lambda m: PHONE if _stands_behind(_CALLS, m) else None)
    return both[0]


def _replaced(form: re.Pattern, both: tuple[str, str], mask: Callable[[re.Match], str | None]) -> tuple[str, str]:
    """Return a text and its plain form, equally long sign by sign, with what is found in the plain one replaced."""
    found = [(m.start(), m.end(), new) for m in form.finditer(both[1]) if (new := mask(m)) is not None]
    if not found:
        return both
    starts, ends = [0, *(end for _, end, _ in found)], [*(start for start, _, _ in found), None]
    masks = [*(new for _, _, new in found), ""]
    text, plain = ("".join(part for start, end, new in zip(starts, ends, masks, strict=True)
                           for part in (one[start:end], new)) for one in both)
    return text, plain


def is_national_phone(number: str) -> bool:
    """Return whether a number is a phone number, written in the very groups in which its country writes it.

    Groups of thousands, pairs alone, and two groups but in the Indian form are no sign of a phone number: amounts,
    sizes and order numbers are written like that.

    Examples
    --------
    >>> is_national_phone("612 34 56 78"), is_national_phone("612 345 678"), is_national_phone("36 38 40 42")
    (True, False, False)
    """
    groups = tuple(re.findall(r"\d+", number))
    sizes = tuple(map(len, groups))
    is_other = set(sizes) == {2} or (set(sizes[1:]) == {3} and sizes[0] <= 3) or (len(sizes) < 3 and sizes != (5, 5))
    return not is_other and any(_is_written_so(groups, region) for region in _regions_by_groups().get(sizes, ()))


@cache
def _regions_by_groups() -> dict[tuple[int, ...], tuple[str, ...]]:
    """Return, by the sizes of its groups, the countries that write some phone number in them."""
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    found: dict[tuple[int, ...], tuple[str, ...]] = {}
    for region in _REGIONS:
        examples = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
        written = {groups for example in examples if example for groups in _national_groups(example)}
        for sizes in {tuple(map(len, groups)) for groups in written}:
            found[sizes] = (*found.get(sizes, ()), region)
    return found


def _national_groups(number: phonenumbers.PhoneNumber) -> set[tuple[str, ...]]:
    """Return the groups of digits in which a number is written in its country, with a leading zero and without."""
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    first, *more = re.findall(r"\d+", written)
    return {(first, *more), (first.removeprefix("0"), *more)}


def _is_written_so(groups: tuple[str, ...], region: str) -> bool:
    try:
        number = phonenumbers.parse("".join(groups), region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number_for_region(number, region) and groups in _national_groups(number)


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


def is_account_number(number: str) -> bool:
    """Return whether a number is an international bank account's: its remainder by 97 is 1 (ISO 7064, MOD 97-10).

    Examples
    --------
    >>> is_account_number("DE89 3704 0044 0532 0130 00"), is_account_number("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    signs = [sign for sign in number if sign.isalnum()]
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


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


def _is_other(match: re.Match) -> bool:
    """Return whether what looks like a phone number is a date or an order's number."""
    text = match.group()
    n_digits = sum(map(str.isdigit, text))
    is_bare = text.startswith("00") and text.isdigit() and n_digits < 12  # zeros before a short number fill it up
    return bool(not 8 <= n_digits <= 16 or is_bare or _DATE.search(text) or _stands_behind(_ORDERS, match))


def _is_article(match: re.Match) -> bool:
    """Return whether thirteen digits, as few cards have, are called an article's."""
    return sum(map(str.isdigit, match.group())) == 13 and _stands_behind(_ORDERS, match)


def _stands_behind(words: re.Pattern, match: re.Match) -> bool:
    return words.search(match.string[max(0, match.start() - 40):match.start()]) is not None
