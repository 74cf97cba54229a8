"""Choice of the engine by name and size, DuckDB or Spark; refuses one that this machine cannot run."""

import os
import shutil
from importlib.util import find_spec

from helpers.foundation import engine
from helpers.foundation.errors import InputError, spelling_hint

ENGINE_VARIABLE = "LOYALTY_ENGINE"

ENGINES = ("duckdb", "spark")

SPARK_FROM_VARIABLE = "LOYALTY_SPARK_FROM_MIB"

SPARK_FROM_MIB = 64  # of stored tables; with less, Spark takes longer to plan a query than DuckDB to answer it

MAX_MIB = 2**30


def require_engine(name: str) -> None:
    """Refuse an engine that is unknown, or that this machine cannot run.

    Raises
    ------
    InputError
        Naming what is missing and how to get it.
    """
    if name not in ENGINES:
        raise InputError("--engine", f"there is no engine '{name}'", spelling_hint(name, ENGINES))
    if name != "spark":
        return
    if find_spec("pyspark") is None:
        raise InputError("--engine", "the package pyspark is not installed", "pip install 'loyalty-workbook[spark]'")
    from helpers.foundation import spark

    if not spark.spark_address().startswith("sc://") and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise InputError("--engine", "Spark needs Java, and there is none", "Java 17 or newer, in JAVA_HOME or on PATH")


def engine_of_size(name: str, n_bytes: int) -> str:
    """Return the engine that works on tables of a size where one is asked for by name: Spark takes none but large ones.

    Parameters
    ----------
    name : str
        The engine that is asked for.
    n_bytes : int
        Size of the files that are read [bytes]; Spark takes them from ``LOYALTY_SPARK_FROM_MIB`` on, 0 for all.

    Raises
    ------
    InputError
        If the variable is no number.

    Examples
    --------
    >>> engine_of_size("spark", 2**20), engine_of_size("spark", 2**30)
    ('duckdb', 'spark')
    """
    least = engine.environment_number(SPARK_FROM_VARIABLE, 0, MAX_MIB, otherwise=SPARK_FROM_MIB)
    return ENGINES[0] if n_bytes < least * 2**20 else name


def open_engine(name: str = "") -> engine.Engine:
    """Return a session of an engine by name: ``""`` is the one that ``LOYALTY_ENGINE`` names, else DuckDB.

    Raises
    ------
    InputError
        If there is no such engine, or this machine cannot run it.
    """
    name = name or os.environ.get(ENGINE_VARIABLE) or ENGINES[0]
    require_engine(name)
    if name == "duckdb":
        return engine.Engine()
    from helpers.foundation.spark import SparkEngine  # only where it is asked for

    return SparkEngine()
