"""National ids: numbers of persons, told from other numbers by their written form and their check digits.

python-stdnum knows the check digits. A number stands for itself where its form is a person's alone (letters, a date of
birth, a country's own punctuation) and its check digits are right; other forms of it are taken for one only behind a
word that says so, since one in ten order numbers has a right check digit by chance.
"""

import importlib
import re

NATIONAL_INSURANCE = "gb.nino"  # of the United Kingdom; without a check digit, so stdnum does not know it

FORMS = {  # by module of stdnum: how the number is written where it needs no word before it
    "us.ssn": r"\d{3}-\d{2}-\d{4}",
    "de.idnr": r"\d{2} \d{3} \d{3} \d{3}",
    "fr.nir": r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AaBb]) ?\d{3} ?\d{3} ?\d{2}",
    "it.codicefiscale": r"[A-Za-z]{6}\d{2}[A-Za-z]\d{2}[A-Za-z]\d{3}[A-Za-z]",
    "es.dni": r"\d{8}-[A-Za-z]",
    "es.nie": r"[XYZxyz]-?\d{7}-?[A-Za-z]",
    "br.cpf": r"\d{3}\.\d{3}\.\d{3}-\d{2}",
    "mx.curp": r"[A-Za-z]{4}\d{6}[HMhm][A-Za-z]{5}[A-Za-z0-9]\d",
    "cl.rut": r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]",
    "cn.ric": r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]",
    "in_.pan": r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]",
    "kr.rrn": r"\d{6}-\d{7}",
    "se.personnummer": r"(?:19|20)\d{6}-\d{4}",
    "fi.hetu": r"\d{6}[-+A-Fa-f]\d{3}[0-9A-Ya-y]",
    "no.fodselsnummer": r"\d{6} \d{5}",
    "be.nn": r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}",
    "ch.ssn": r"756\.\d{4}\.\d{4}\.\d{2}",
    "cz.rc": r"\d{6}/\d{4}",
    NATIONAL_INSURANCE: r"[A-Z]{2} \d{2} \d{2} \d{2} [A-D]",
}

BEHIND_A_WORD = (
    "at.vnr", "au.tfn", "ca.sin", "dk.cpr", "gb.nhs", "id.nik", "ie.pps", "il.idnr", "in_.aadhaar", "jp.in_", "nl.bsn",
    "pl.pesel", "pt.nif", "ro.cnp", "ru.inn", "tr.tckimlik", "za.idnr")

SUSPECT = (  # of those that have fewer than seven digits in a row
    r"[A-Za-z]{6}\p{Nd}{2}[A-Za-z]\p{Nd}{2}[A-Za-z]|[A-Za-z]{4}\p{Nd}{6}[HMhm]|[A-Z]{5}\p{Nd}{4}[A-Z]"
    r"|\p{Nd}{6}[A-Fa-f]\p{Nd}{3}|[A-Za-z]{2}\s?\p{Nd}{2}\s?\p{Nd}{2}\s?\p{Nd}{2}\s?[A-Da-d]")

WORD = (
    r"(?:\b(?:SSN|NINO|NHS|IdNr|SVNR|BSN|PESEL|DNI|NIF|NIE|NIR|CPF|CURP|RUT|PAN|TCKN|SIN|TFN|PPS|CNP|NIK|CPR|HETU|AHV)\b"
    r"|\b(?i:social security|national insurance|steuer-?id\w*|steuerliche identifikationsnummer|burgerservicenummer"
    r"|sozialversicherungsnummer|sécurité sociale|codice fiscale|aadhaa?r|kimlik|tax file|personnummer|fødselsnummer"
    r"|henkilötunnus|national id|id card|identity (?:card|number)|ausweis\w*|инн)"
    r"|身份证|身分證|マイナンバー|個人番号|주민등록번호|주민번호)")

SAID = re.compile(WORD)

BEHIND = re.compile(
    WORD + r"(?i:\W{0,3}(?:no|nr|number|nummer|num|id|is|ist|est|es|n°|号码|号|番号|번호)\b){0,3}\W{0,4}$")

_EDGES = r"(?<![^\W\u0e00-\uffff])(?<!\d[.,\-/]){}(?![^\W\u0e00-\uffff])(?![.,\-/]\d)"

NUMBERS = re.compile(_EDGES.format(
    "(?:" + "|".join(f"(?P<{kind.replace('.', '_')}>{form})" for kind, form in FORMS.items()) + ")"))

CANDIDATES = re.compile(_EDGES.format(r"[A-Za-z]{0,6}\d(?:[ \u00a0.\-/]?[A-Za-z0-9]){6,19}"))

_INSURED = re.compile(
    r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", re.IGNORECASE)


def is_national_id(number: str, kind: str) -> bool:
    """Return whether a number is a person's in one country: its check digits are right.

    Parameters
    ----------
    number : str
        As it is written.
    kind : str
        A module of stdnum such as ``fr.nir``, or `NATIONAL_INSURANCE`.

    Examples
    --------
    >>> is_national_id("529.982.247-25", "br.cpf"), is_national_id("529.982.247-26", "br.cpf")
    (True, False)
    """
    if kind == NATIONAL_INSURANCE:
        return _INSURED.fullmatch(number) is not None
    return importlib.import_module(f"stdnum.{kind}").is_valid(number)


def is_written_alone(match: re.Match[str]) -> bool:
    """Return whether a match of `NUMBERS` is a person's number by itself."""
    kinds = {kind.replace(".", "_"): kind for kind in FORMS}
    return is_national_id(match.group(), kinds[str(match.lastgroup)])


def is_any_national_id(number: str) -> bool:
    """Return whether a number that stands behind a word for one is a person's in any of the countries."""
    return any(is_national_id(number, kind) for kind in (*FORMS, *BEHIND_A_WORD))
