"""Forms in which numbers are written: signs before decimals and between thousands, minus signs of all kinds."""

import ibis
import ibis.expr.types as ir

UNREADABLE = "no number"

PLAIN = (".", "")

BLANK = r"[\s\x{a0}\x{2009}\x{202f}]"  # white space of any width; what a profile calls " " between thousands

BETWEEN_THOUSANDS = {" ": r"[ \x{a0}\x{2009}\x{202f}]", "'": "['\u2019]", ".": "[.]", ",": "[,]"}


def signed_text(found: ir.StringValue) -> ir.StringValue:
    """Return texts of negative numbers, as bookkeepers and word processors write them, with a minus in front.

    Known are ``(1.00)``, ``1.00-`` and signs other than the hyphen, such as U+2212; blanks around the number go.
    """
    bare = found.re_replace("[\u2212\u2013\ufe63\uff0d]", "-").re_replace(f"^{BLANK}+|{BLANK}+$", "")
    core = bare.re_replace(rf"^[(]{BLANK}*|{BLANK}*([)]|-)$", "")
    is_negative = bare.re_search(r"^([(][^()-]*[)]|[^()-]*-)$")
    return is_negative.ifelse(ibis.literal("-") + core, bare)


def plain_number(found: ir.StringValue, signs: tuple[str, str]) -> ir.StringValue:
    """Return texts of numbers with a point before the decimals and nothing between the thousands.

    Thousands stand in groups of three, behind a comma also in the groups of two that India writes; a text that is
    grouped otherwise, such as 1.5 where the point is their sign, is no number.
    """
    if signs == PLAIN:  # engines read 1_000 as programmers write it; in a file it is a key or a slip
        return found.contains("_").ifelse(ibis.literal(UNREADABLE), found)
    decimal, thousands = signs
    d, t = f"[{decimal}]", BETWEEN_THOUSANDS.get(thousands, "")
    grouped = rf"|\d{{1,3}}({t}\d{{3}})+" if thousands else ""
    grouped += rf"|\d{{1,2}}({t}\d{{2}})+{t}\d{{3}}" if thousands == "," else ""
    is_number = found.re_search(rf"^{BLANK}*[+-]?(\d+{grouped})?({d}\d*)?{BLANK}*$")
    bare = found.re_replace(f"{t}|{BLANK}" if t else BLANK, "")
    return is_number.ifelse(bare.replace(decimal, "."), ibis.literal(UNREADABLE))
