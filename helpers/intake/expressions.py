"""Profile expressions: a scalar subset of SQL, parsed, allow-listed, and turned into engine values.

Landed columns are text. Where arithmetic or a comparison with a number needs one, text is read as a number; a text
that is none becomes empty and is remembered, so that the record can be rejected for it. Nothing else is converted.

Known are: columns (``"in quotes"`` where the name has spaces, ``NAME.column`` of a lookup, and ``file``, ``record``,
``line``), texts, numbers, ``true``, ``false``, ``null``; ``+ - * /``, ``||``; ``= <> < <= > >=``, ``and or not``,
``in``, ``between``, ``like``, ``ilike``, ``is null``; ``case``, ``if``, ``coalesce``, ``nullif``, ``greatest``,
``least``; ``cast``; ``lower upper trim length substr left right replace concat lpad split_part starts_with contains``;
``regexp_replace regexp_extract regexp_matches``; ``abs round floor ceil``. Controls also know ``sum count min max
avg`` and ``count(distinct …)``. Division by zero is empty; in money every product is rounded to four places.
"""

import ibis
import ibis.expr.types as ir
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from helpers.foundation.errors import InputError, spelling_hint
from helpers.intake.expression_rules import RULES, ExpressionScope, parse_number

FILE, RECORD = "file", "record"

ALTERNATIVES = (exp.Paren, exp.Coalesce, exp.Case, exp.If)

SEPARATOR = ":"  # between the file and the record in an identifier that is derived from both

MAX_SIGNS, MAX_DEPTH = 500_000, 150  # of an expression: what is longer or deeper is no rule that somebody wrote

MAX_GROWTH = 1_000  # how many times as long replacements may make a text


def parse_expression(text: str, where: str) -> exp.Expression:
    """Return the syntax tree of an expression.

    Raises
    ------
    InputError
        If it is no single SQL expression, too long or too deep, or makes texts longer than anybody reads.
    """
    if len(text) > MAX_SIGNS:
        raise InputError(where, f"the expression is {len(text):,} signs long", f"up to {MAX_SIGNS:,}")
    try:
        found = sqlglot.parse(text, dialect="duckdb")
    except RecursionError:
        raise _too_deep(text, where) from None
    except SqlglotError as error:
        said = error.errors[0]["description"] if isinstance(error, ParseError) and error.errors else str(error)
        raise InputError(where, f"'{text}' is not readable as SQL ({said})") from None
    if len(found) != 1 or not isinstance(found[0], exp.Expression):
        raise InputError(where, f"'{text}' is not one expression")
    if _depth(found[0]) > MAX_DEPTH:
        raise _too_deep(text, where)
    if (times := _growth(found[0])) > MAX_GROWTH:
        raise InputError(where, f"'{text[:40]}…' makes a text up to {times:,.0f} times as long",
                         f"up to {MAX_GROWTH:,} times")
    return found[0]


def _too_deep(text: str, where: str) -> InputError:
    return InputError(where, f"'{text[:40]}…' is nested too deep", f"up to {MAX_DEPTH} levels")


def _depth(tree: exp.Expression) -> int:
    """Return the number of levels of a syntax tree."""
    deepest, level = 0, [tree]
    while level:
        deepest, level = deepest + 1, [child for node in level for child in node.iter_expressions()]
    return deepest


def _growth(node: exp.Expression) -> float:
    """Return how many times as long as its columns a text can become: replacements in replacements multiply."""
    inner = 1 + sum(_growth(child) - 1 for child in node.iter_expressions())
    if not isinstance(node, exp.Replace | exp.RegexpReplace):
        return inner
    old, new = (node.args.get(key) for key in ("expression", "replacement"))
    n_old = len(old.name) if isinstance(node, exp.Replace) and isinstance(old, exp.Literal) else 1
    return inner * max(1.0, len(new.name if new is not None else "") / max(1, n_old))


def expression_value(text: str, scope: ExpressionScope, where: str) -> ir.Value:
    """Return the engine value of an expression.

    Raises
    ------
    InputError
        For an unknown column, naming the nearest known one, and for anything outside the subset.
    """
    return _compiled(parse_expression(text, where), scope, where)


def identifier(text: str, scope: ExpressionScope, where: str) -> ir.Value:
    """Return the engine value of an expression that identifies records of several files.

    Numbers of records start again in every file; what is made of one gets the name of its file in front, so that it
    identifies one record only: ``record`` becomes ``day-1.csv:17``. Parts that name the file themselves stay.

    Raises
    ------
    InputError
        As `value` does.
    """
    return _compiled(_with_file(parse_expression(text, where)), scope, where)


def uses_record(text: str, where: str) -> bool:
    """Return whether an expression refers to the number of the record within its file.

    Examples
    --------
    >>> uses_record("coalesce(id, record)", "id"), uses_record("id", "id")
    (True, False)
    """
    return _refers(parse_expression(text, where), RECORD)


def expression_condition(text: str, scope: ExpressionScope, where: str) -> ir.BooleanValue:
    """Return the engine flag of a condition; where it cannot be told it does not hold.

    Raises
    ------
    InputError
        If the expression is no condition.
    """
    found = expression_value(text, scope, where)
    if not found.type().is_boolean():
        raise InputError(where, f"'{text}' is no condition", "a comparison, such as UnitPrice <= 0")
    return found.fill_null(False)


def expression_total(text: str, scope: ExpressionScope, where: str) -> ir.Scalar:
    """Return the total of an expression: its sum, or the aggregate that it states itself."""
    tree = parse_expression(text, where)
    if tree.find(exp.AggFunc):
        return _compiled(tree, scope, where)
    found = parse_number(_compiled(tree, scope, where), scope)
    if isinstance(found, ir.Scalar):
        found = next(iter(scope.columns.values())).isnull().ifelse(found, found)
    return found.sum()


def _refers(node: exp.Expression, name: str) -> bool:
    return any(_column_name(column).lower() == name for column in node.find_all(exp.Column))


def _with_file(node: exp.Expression) -> exp.Expression:
    """Return a tree in which each alternative that is made of the record's number has the file's name in front."""
    if not _refers(node, RECORD) or (_refers(node, FILE) and not isinstance(node, ALTERNATIVES)):
        return node
    if not isinstance(node, ALTERNATIVES):
        return exp.Concat(expressions=[exp.column(FILE), exp.Literal.string(SEPARATOR), node.copy()])
    found, tested = node.copy(), {"this"} if isinstance(node, exp.Case | exp.If) else set()
    for key in set(found.args) - tested:
        parts = found.args[key]
        if isinstance(parts, exp.Expression):
            found.set(key, _with_file(parts))
        elif isinstance(parts, list):
            found.set(key, [_with_file(part) for part in parts])
    return found


def _compiled(node: exp.Expression, scope: ExpressionScope, where: str) -> ir.Value:
    def inner(child: exp.Expression) -> ir.Value:
        return _compiled(child, scope, where)

    if isinstance(node, exp.Column):
        return _column(_column_name(node), scope, where)
    if isinstance(node, exp.AggFunc) and not scope.has_aggregates:
        raise InputError(where, f"'{node.sql('duckdb')}' adds up several records", "an expression over one record")
    rule = None if node.args.get("query") else RULES.get(type(node))  # in (select …) is no list of values
    if rule is None:
        word = node.name if isinstance(node, exp.Anonymous) else node.sql("duckdb")
        raise InputError(where, f"'{word}' is not part of profile expressions", "see helpers/intake/expressions.py")
    try:
        return rule(node, inner, scope)
    except InputError:
        raise
    except (ibis.common.exceptions.IbisError, ValueError, TypeError, AttributeError):
        raise InputError(where, f"'{node.sql('duckdb')}' does not fit together", "texts with texts, numbers with "
                         "numbers") from None


def _column_name(node: exp.Column) -> str:
    return ".".join(part.name for part in node.parts)


def _column(name: str, scope: ExpressionScope, where: str) -> ir.Value:
    if name in scope.columns:
        return scope.columns[name]
    alike = [known for known in scope.columns if known.lower() == name.lower()]
    if len(alike) == 1:
        return scope.columns[alike[0]]
    raise InputError(where, f"there is no column '{name}'", spelling_hint(name, list(scope.columns)))
