"""Request for a run: what is asked, and what of it is refused before anything starts."""

from dataclasses import dataclass, replace
from pathlib import Path

from helpers.foundation import engine, engine_choice, folders
from helpers.foundation.errors import InputError, spelling_hint
from helpers.intake import date_plausibility
from helpers.pipeline import parameters, runs

MAX_MINUTES = 7 * 24 * 60  # of one step: a week


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run.

    Parameters
    ----------
    source : str
        Name of the source profile.
    settings : tuple of str
        ``name=value`` for parameters of the notebooks.
    raw : str
        Folder with the source's files; ``""`` is the usual one.
    as_of : str
        ISO date that the run speaks for; ``""`` is the newest row.
    first, only : str
        Start from this step, or run only this one; the others are taken from the newest comparable run.
    jobs : int
        Steps side by side; 0 is two, or one on a machine with one core.
    engine : str
        ``duckdb`` or ``spark``.
    is_resumed : bool
        Continue the newest failed run.
    minutes : float
        Longest time for one step [minutes]; 0 is each step's own.
    is_retry : bool
        Continue the newest run if it has failed and can be continued, else start a new one.
    """

    source: str
    settings: tuple[str, ...] = ()
    raw: str = ""
    as_of: str = ""
    first: str = ""
    only: str = ""
    jobs: int = 0
    engine: str = "duckdb"
    is_resumed: bool = False
    minutes: float = 0.0
    is_retry: bool = False


def require_source(source: str) -> None:
    """Refuse a source that has no profile.

    Raises
    ------
    InputError
        Naming the nearest one.
    """
    names = folders.config_names("sources")
    if source not in names:
        raise InputError(source, "there is no such source profile", spelling_hint(source, names))


def checked_request(request: Request) -> Request:
    """Return a request in its plain form; refuse what can be refused without looking into a notebook.

    Raises
    ------
    InputError
        Naming the option and what is allowed.
    """
    require_source(request.source)
    runs.require_places(request.source)
    engine_choice.require_engine(request.engine)
    engine_choice.engine_of_size(request.engine, 0)  # refuses a limit that is no number
    engine.require_limits()
    if request.is_resumed and request.is_retry:
        raise InputError("--resume, --retry", "both are given", "one of them")
    continues = "--resume" if request.is_resumed else "--retry" if request.is_retry else ""
    if continues and (request.first or request.only):
        raise InputError(continues, "a resumed run keeps its own steps", "no --from, no --only")
    if request.raw and not _is_folder(request.raw):
        raise InputError("--raw", f"there is no folder '{request.raw}'", "the folder with the source's files")
    if request.jobs < 0 or request.minutes < 0:
        raise InputError("--jobs, --minutes", "below zero", "0 for the usual")
    if not request.minutes <= MAX_MINUTES:
        raise InputError("--minutes", f"{request.minutes:g} is too long", f"up to {MAX_MINUTES:,}, which is a week")
    today, as_of = date_plausibility.newest_begun_day(), parameters.iso_date(request.as_of)
    if as_of > today.isoformat():
        raise InputError("--as-of", f"{as_of} has not begun", f"a day up to {today}")
    return replace(request, as_of=as_of)  # 20240229 is a date too


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # too long, or with a null in it
        return False
