"""Words of comments: split in every script, without the stop words of the comments' languages.

Chinese, Japanese, Thai, Khmer, Lao and Burmese are written without spaces. The optional packages of the extra
``comments`` split them: rjieba (Chinese), icu4py (the others). Without them such comments have no words, which
`CommentWords` says. Stop words are scikit-learn's for English, else those of stopwordsiso, which knows 58 languages.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

WORD_PATTERN = re.compile(r"[^\W\d_]{2,}")

HAN, KANA, OTHER_UNSPACED = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff", "\u3040-\u30ff", (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff")

UNSPACED_PATTERN = re.compile(f"[{HAN}{KANA}{OTHER_UNSPACED}]")

UNSPACED_RUN = re.compile(f"[{HAN}{KANA}々ー{OTHER_UNSPACED}]+")

HAN_ONLY = re.compile(f"[{HAN}]+")

MIN_LANGUAGE_SHARE = 0.15  # of all words: stop words make up two to five in ten of a text in their language

ENGLISH = "en"

DENIALS = {"en": ("not", "never", "no"), "pt": ("não", "nao", "nunca", "nem", "sem"), "es": ("no", "nunca", "sin"),
           "de": ("nicht", "nie", "kein", "keine", "keinen"), "fr": ("pas", "jamais", "sans"), "it": ("non", "mai"),
           "nl": ("niet", "nooit", "geen")}

DENIAL_REACH = 3  # words after a denial, within which it denies the first that is no stop word


@dataclass(frozen=True, slots=True)
class CommentWords:
    """The words of comments.

    Parameters
    ----------
    words : tuple of tuple of str
        Distinct words of each comment, in small letters, sorted; what is denied with its denial, as *not arrived*.
    languages : tuple of str
        Whose stop words are left out, by ISO 639-1.
    n_unsplit : int
        Comments in a script without spaces that no installed package splits; that text has no words.
    """

    words: tuple[tuple[str, ...], ...]
    languages: tuple[str, ...]
    n_unsplit: int


def comment_words(comments: Sequence[str], languages: Collection[str] = ()) -> CommentWords:
    """Return the words of comments without stop words.

    Parameters
    ----------
    comments : sequence of str
        Written answers.
    languages : collection of str
        Their languages as recorded, such as ``pt`` or ``pt-BR``; where none is, those whose stop words are most of
        the words.

    Examples
    --------
    >>> comment_words(["The parcel was late", "It is late and the box is open"]).words
    (('late', 'parcel'), ('box', 'late', 'open'))
    """
    split = [_split(text.lower()) for text in comments]
    counts = Counter(word for words, _ in split for word in words)
    chosen = _languages(counts, {code[:2].lower() for code in languages if code})
    stops, denials = set().union(*map(_stop_words, chosen)), {word for code in chosen for word in DENIALS.get(code, ())}
    return CommentWords(tuple(tuple(sorted(_telling_words(words, stops, denials))) for words, _ in split), chosen,
                        sum(is_unsplit for _, is_unsplit in split))


def _telling_words(words: Sequence[str], stops: Collection[str], denials: Collection[str]) -> set[str]:
    """Return the words that are no stop words; the first of them after a denial is told with it."""
    made, denial, since = set(), "", 0
    for word in words:
        since += 1
        if word in denials:
            denial, since = word, 0
        elif word not in stops:
            made.add(f"{denial} {word}" if denial and since <= DENIAL_REACH else word)
            denial = ""
    return made


def is_unspaced(text: str) -> bool:
    """Return whether a text holds a script that is written without spaces.

    Examples
    --------
    >>> is_unspaced("客服"), is_unspaced("배송")
    (True, False)
    """
    return bool(UNSPACED_PATTERN.search(text))


def _optional(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


def _split(text: str) -> tuple[list[str], bool]:
    """Return the words of a comment, and whether any of it could not be split."""
    spaced = WORD_PATTERN.findall(UNSPACED_RUN.sub(" ", text))
    is_chinese = not re.search(f"[{KANA}]", text)
    is_unsplit = False
    for run in UNSPACED_RUN.findall(text):
        cut = _splitter(is_chinese and bool(HAN_ONLY.fullmatch(run)))
        if cut is None:
            is_unsplit = True
        else:
            spaced += [word for word in cut(run) if len(word) > 1]
    return spaced, is_unsplit


def _splitter(is_chinese: bool) -> Callable[[str], list[str]] | None:
    """Return what splits a run of an unspaced script into words; None where its package is not installed."""
    if is_chinese:
        jieba = _optional("rjieba")
        return None if jieba is None else jieba.cut
    icu = _optional("icu4py.breakers")
    return None if icu is None else lambda run: [str(part) for part in icu.WordBreaker(run, "und")]


def _languages(counts: Counter[str], recorded: set[str]) -> tuple[str, ...]:
    """Return the recorded languages with stop words; where none is, those whose stop words are most of the words."""
    import stopwordsiso

    known = sorted(recorded & set(stopwordsiso.langs()))
    total = sum(counts.values())
    if known or not total:
        return tuple(known)
    share = {code: sum(counts[word] for word in _stop_words(code)) / total for code in sorted(stopwordsiso.langs())}
    best = max(share, key=lambda code: share[code])
    return tuple(code for code in sorted({best, ENGLISH}) if share[code] >= MIN_LANGUAGE_SHARE)


def _stop_words(language: str) -> set[str]:
    """Return a language's stop words; scikit-learn's for English, since the others' hold *order* and *problem*."""
    import stopwordsiso
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return set(ENGLISH_STOP_WORDS) if language == ENGLISH else set(stopwordsiso.stopwords(language))
