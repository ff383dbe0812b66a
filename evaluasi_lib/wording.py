"""The message catalogue, and the numbers, dates and money of each language.

Messages are written in English in the code, as `_("...")`, and translated in
`locale/id/*.po`, one file for each room of the library. Call `_` when the message is needed, never
at import, because the language is chosen at run time. A message with values is a template for
`str.format`: `_("{n} of {total}").format(n=..., total=...)`, so that a translator can move them.
Codes of program.yml and result.json have their words in `words.yml`, which `word_for` reads.

What is measured is measured once, for every language: within `every_language()` these functions
give a `Said`, a text that knows itself in the other languages too, and `in_language` picks one. Put
such texts together with `.format`, `+`, `phrase` or `joined`: an f-string keeps one language alone.

Errors that a researcher meets: what is wrong, where, how often, and what to do about it.

Messages never hold a person's data, and problems of one program are collected so that they are
shown together, in the order a person would mend them.

What a long piece of work is at, for whoever wants to show it; silent where nobody does.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import yaml
from babel import dates, numbers
from babel.messages.pofile import read_po

LANGUAGES = ("id", "en")
LANGUAGE_NAMES = {"id": "Bahasa Indonesia", "en": "English"}
DEFAULT_LANGUAGE = "id"
LOCALE_DIR = Path(__file__).parent / "locale"
WORDS = Path(__file__).parent / "words.yml"
PROBLEMS = Path(__file__).parent / "problems.yml"

# libyaml's loader, ten times as fast, where PyYAML was built with it.
YamlLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

OwnWords = Mapping[str, Mapping[str, str]]  # language -> words of the workbook -> a program's own

_language: ContextVar[str] = ContextVar("evaluasi_language", default=DEFAULT_LANGUAGE)
_own: ContextVar[OwnWords | None] = ContextVar("evaluasi_own_words", default=None)
_every: ContextVar[bool] = ContextVar("evaluasi_every_language", default=False)

P = ParamSpec("P")
T = TypeVar("T")


def language() -> str:
    """The language in force, "id" or "en"."""
    return _language.get()


def set_language(code: str) -> None:
    """Choose the language of every message from here on. Raises ValueError for an unknown one,
    which errors.check_language names in words."""
    if code not in LANGUAGES:
        raise ValueError(code)
    _language.set(code)


class Said(str):
    """A text in the language in force that knows itself in the others; versions: code -> text."""

    versions: dict[str, str]

    @classmethod
    def of(cls, versions: Mapping[str, str]) -> str:
        """A text from its versions; a plain string where they are all alike."""
        if len(set(versions.values())) == 1:
            return next(iter(versions.values()))
        said = cls(versions[language()])
        said.versions = dict(versions)
        return said

    def _by(self, form: Callable[[str, str], str]) -> str:
        return Said.of({code: form(text, code) for code, text in self.versions.items()})

    def format(self, *values: object, **named: object) -> str:
        """Like str.format; values that are texts come in the language of the template."""
        return self._by(
            lambda text, code: text.format(*in_language(values, code), **in_language(named, code))
        )

    def __add__(self, other: str) -> str:
        return self._by(lambda text, code: text + in_language(other, code))

    def __radd__(self, other: str) -> str:
        return self._by(lambda text, code: other + text)

    def strip(self, chars: str | None = None) -> str:
        """Like str.strip, in every language."""
        return self._by(lambda text, _code: text.strip(chars))

    def rstrip(self, chars: str | None = None) -> str:
        """Like str.rstrip, in every language."""
        return self._by(lambda text, _code: text.rstrip(chars))

    def capitalize(self) -> str:
        """Like str.capitalize, in every language."""
        return self._by(lambda text, _code: text.capitalize())

    def lower(self) -> str:
        """Like str.lower, in every language."""
        return self._by(lambda text, _code: text.lower())

    def __reduce__(self) -> tuple[Callable[[Mapping[str, str]], str], tuple[dict[str, str]]]:
        return Said.of, (self.versions,)


def in_language(value: T, code: str) -> T:
    """The value with every text that it holds in one language; numbers and dates stay."""
    found: Any = value
    if isinstance(value, Said):
        found = value.versions[code]
    elif isinstance(value, dict):
        found = {in_language(k, code): in_language(v, code) for k, v in value.items()}
    elif isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        found = type(value)(in_language(item, code) for item in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        found = dataclasses.replace(value, **in_language(fields, code))
    return cast(T, found)


@contextmanager
def every_language() -> Iterator[None]:
    """Within it, messages, words and numbers are made in all languages at once."""
    token = _every.set(True)
    try:
        yield
    finally:
        _every.reset(token)


@contextmanager
def own_words(words: OwnWords) -> Iterator[None]:
    """Within it, every sentence of the workbook uses a program's own words in place of its own;
    what a program's author or participants wrote stays as it is."""
    token = _own.set(words)
    try:
        yield
    finally:
        _own.reset(token)


def worded(text: str) -> str:
    """A text of the workbook, before values are put in, in the words that are in force."""
    words = (_own.get() or {}).get(language())
    return _replaced(text, tuple(words.items())) if words else text


@lru_cache(maxsize=10_000)
def _replaced(text: str, words: tuple[tuple[str, str], ...]) -> str:
    """Whole words and phrases replaced, the longest first; a capital letter stays one. Places for
    values, {n}, are met as a part of a phrase alone."""
    own = {form(a): form(b) for a, b in words for form in (_capital, str)}
    keys = sorted(own, key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(key)}(?!\w)" for key in keys)
    return re.sub(rf"{pattern}|\{{[^{{}}]*\}}", lambda found: own.get(found[0], found[0]), text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def workbook_texts(code: str) -> Iterator[str]:
    """Every text of the workbook in one language: messages, and the tables beside the code."""
    for found in catalogue(code).values() if code != "en" else ():
        yield from (found,) if isinstance(found, str) else found
    yield from catalogue(DEFAULT_LANGUAGE) if code == "en" else ()
    for path in sorted(WORDS.parent.rglob("*.yml")):
        yield from _leaves(load_yaml(path.read_text(encoding="utf-8")), code)


def _leaves(value: Any, code: str) -> Iterator[str]:
    """The texts of one language anywhere within a table."""
    if isinstance(value, dict) and isinstance(value.get(code), str):
        yield value[code]
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item, code)


def spoken(function: Callable[P, str]) -> Callable[P, str]:
    """Decorates a function whose text depends on the language, or on texts that do: it gives a Said
    within `every_language()`."""

    @wraps(function)
    def speak(*values: P.args, **named: P.kwargs) -> str:
        if not _every.get():
            return function(*values, **named)
        versions = {}
        inner, token = _every.set(False), _language.set(language())
        try:
            for code in LANGUAGES:
                _language.set(code)
                versions[code] = function(
                    *in_language(values, code), **in_language(cast(Any, named), code)
                )
        finally:
            _language.reset(token)
            _every.reset(inner)
        return Said.of(versions)

    return speak


@spoken
def own_name() -> str:
    """The code of the language that it is asked in."""
    return language()


@spoken
def phrase(form: str, *values: object) -> str:
    """A form without words of its own filled in with texts: phrase("“{}”", label)."""
    return form.format(*values)


@spoken
def joined(parts: Sequence[str | None], between: str = " ") -> str:
    """The texts that there are, in one."""
    return between.join(part for part in parts if part)


@lru_cache
def catalogue(code: str) -> dict[str, str | tuple[str, ...]]:
    """Message -> translation of one language, read from all of its .po files."""
    messages: dict[str, str | tuple[str, ...]] = {}
    for path in sorted((LOCALE_DIR / code).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=code):
                if message.id and message.string and not message.fuzzy:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    text = message.string
                    messages[key] = text if isinstance(text, str) else tuple(text)
    return messages


@spoken
def _(message: str) -> str:
    """The message in the language in force; the English text itself where no translation exists."""
    found = catalogue(language()).get(message, message)
    return worded(found if isinstance(found, str) else found[0])


@spoken
def plural(singular: str, plural_form: str, n: int) -> str:
    """Like `_`, with the plural form that the language wants for n (Indonesian has one form)."""
    found = catalogue(language()).get(singular) if language() != "en" else None
    if found is None:
        found = singular if n == 1 else plural_form
    return worded(found if isinstance(found, str) else found[0])


@spoken
def choose(text: str | dict[str, str] | None) -> str:
    """A text that an author gave as one string or as one for each language."""
    if text is None:
        return ""
    if isinstance(text, str):
        return text
    return text.get(language()) or text.get(DEFAULT_LANGUAGE) or next(iter(text.values()), "")


@spoken
def own(text: str | dict[str, str]) -> str:
    """A text of the workbook's own tables, in the words that are in force."""
    return worded(choose(text))


def load_yaml(text: str) -> Any:
    """The content of a YAML text. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=YamlLoader)


class Sentences:
    """Sentences of a room as data: a YAML table of name -> {id, en}, beside its module.

    `say(name, **values)` fills one in the language in force. A pair of sentences of which a
    condition chooses one is a pair of rows: say(f"cost.{'good' if good else 'bad'}", ...).
    """

    def __init__(self, module: str, table: str) -> None:
        """module: `__file__` of the module that speaks; table: the file's name beside it."""
        self.path = Path(module).with_name(table)

    @cached_property
    def rows(self) -> dict[str, dict[str, str]]:
        """The table."""
        found: dict[str, dict[str, str]] = load_yaml(self.path.read_text(encoding="utf-8"))
        return found

    @spoken
    def __call__(self, name: str, **values: object) -> str:
        """The named sentence in the language in force, with its values. KeyError if unknown."""
        return own(self.rows[name]).format(**values)


def markdown_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """The lines of a table in Markdown."""
    cells = [[str(c).replace("|", "\\|").replace("\n", " ") for c in r] for r in (headings, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]


@lru_cache
def code_words() -> dict[str, dict[str, dict[str, str]]]:
    """words.yml: kind of code -> code -> language -> word."""
    words: dict[str, dict[str, dict[str, str]]] = load_yaml(WORDS.read_text(encoding="utf-8"))
    return words


@spoken
def word_for(kind: str, code: str | None) -> str:
    """("level", "learning") -> "Pembelajaran" (id). None -> an em dash.

    A code that words.yml does not hold, such as a wave that only one program has, is shown itself,
    with blanks for underscores. Raises KeyError for an unknown kind.
    """
    words = code_words()[kind]
    if code is None:
        return "—"
    return own(words[code]) if code in words else code.replace("_", " ")


@spoken
def number(value: float | None, digits: int = 1) -> str:
    """1234.5 -> "1.234,5" (id). None -> an em dash; the reason belongs in words beside it."""
    if value is None or not math.isfinite(value):
        return "—"
    if abs(value) >= 1e15:  # beyond what a table can show, and what Babel can quantise
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{number(float(mantissa))} × 10^{int(exponent)}"
    value = round(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=language()).replace("-", "−")


def digits_for(*values: float | None) -> int:
    """Decimals that show about three figures of the largest value: 0 from 100 on, 1 from 10 on."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return 0 if largest >= 100 else 1 if largest >= 10 else 2


@spoken
def count(value: int | None) -> str:
    """1234 -> "1.234" (id)."""
    return number(value, 0)


@spoken
def percent(share: float | None, digits: int = 0) -> str:
    """0.4567 -> "46%"."""
    return "—" if share is None or not math.isfinite(share) else number(share * 100, digits) + "%"


@spoken
def rupiah(value: float | None) -> str:
    """1250000 -> "Rp1.250.000" (id), "Rp1,250,000" (en)."""
    if value is None or not math.isfinite(value):
        return "—"
    sign = "−" if value < 0 else ""
    return f"{sign}Rp{number(abs(value), 0)}"


@spoken
def p_value(value: float | None) -> str:
    """0.0123 -> "0,012"; below 0.001 -> "< 0,001"."""
    if value is not None and value < 0.001:
        return "< " + number(0.001, 3)
    return number(value, 3)


@spoken
def p_is(value: float | None) -> str:
    """0.0123 -> "p = 0,012"; below 0.001 -> "p < 0,001"."""
    shown = p_value(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


@spoken
def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """(1.2, 3.4) -> "1,2 s.d. 3,4" (id), "1.2 to 3.4" (en)."""
    if low is None or high is None:
        return "—"
    return _("{low} to {high}").format(low=number(low, digits), high=number(high, digits))


@spoken
def date(value: dt.date | None) -> str:
    """2025-02-03 -> "3 Februari 2025" (id)."""
    return "—" if value is None else dates.format_date(value, format="long", locale=language())


@spoken
def day_name(day: int) -> str:
    """0 -> "Senin" (id)."""
    return str(dates.get_day_names("wide", locale=language())[day])


@spoken
def join_words(words: list[str]) -> str:
    """["a", "b", "c"] -> "a, b, dan c" (id)."""
    if len(words) < 2:
        return "".join(words)
    if len(words) == 2:
        return _("{first} and {last}").format(first=words[0], last=words[1])
    return _("{first}, and {last}").format(first=", ".join(words[:-1]), last=words[-1])


MOST_NAMES = 40  # of those that a remedy lists


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `where` is a file, key, column or row as the researcher knows it."""

    what: str
    where: str = ""
    remedy: str = ""
    count: int = 1

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.count > 1:
            text += " " + _("({count} times)").format(count=self.count)
        if not self.remedy:
            return text
        end = "" if self.remedy.endswith(("?", ".", "!")) else "."
        return f"{text}. {_('Remedy')}: {self.remedy}{end}"


def problem(row: str, where: str = "", remedy: str | None = None, /, **values: object) -> Problem:
    """A problem by its row in problems.yml. remedy: another than the table's. values: what its
    texts name."""
    texts = problem_texts()[row]
    what, known = (own(texts.get(part, "")).format(**values) for part in ("what", "remedy"))
    return Problem(what, where, known if remedy is None else remedy)


@lru_cache
def problem_texts() -> dict[str, dict[str, dict[str, str]]]:
    """problems.yml: name -> "what" or "remedy" -> language -> text."""
    texts: dict[str, dict[str, dict[str, str]]] = load_yaml(PROBLEMS.read_text(encoding="utf-8"))
    return texts


class EvaluationError(Exception):
    """Base of every error that the command line shows without a traceback (exit status 1)."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem(p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows: the sentences alone. A researcher mends data, not our call stack."""
        return [f"{type(self).__name__}: {_('this cannot be done yet.')}", *map(str, self.problems)]


class UsageError(EvaluationError):
    """The command or a parameter was called wrongly (exit status 2)."""


class ProgramError(EvaluationError):
    """program.yml is missing, broken, or declares what cannot be evaluated."""


class DataError(EvaluationError):
    """A data file is missing, unreadable, or does not hold what program.yml declares."""


def check_known(name: str, known: Iterable[str], what: str, where: str = "") -> None:
    """Raises UsageError, with the nearest name, for one that is not known. what: has {name}."""
    names = list(known)
    if name not in names:
        raise UsageError(Problem(what.format(name=name), where, suggestion(name, names)))


def os_problem(error: OSError) -> Problem:
    """A full disk, a folder that may not be written to or a file in its place, in words."""
    reason = error.strerror or type(error).__name__
    return problem("not_usable", str(error.filename or ""), reason=reason)


def check_language(code: object) -> str:
    """The code of a language that the workbook speaks. Raises UsageError for an unknown one."""
    text = str(code)
    if text not in LANGUAGES:
        raise UsageError(problem("language.unknown", code=text, known=", ".join(LANGUAGES)))
    return text


def nearest(unknown: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `unknown`, or None when none is near."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(unknown.casefold(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def suggestion(unknown: str, known: Iterable[str]) -> str:
    """A remedy sentence for an unknown name: the nearest known one, else the list of all; "" where
    there is none."""
    names = list(known)
    if not names:
        return ""
    near = nearest(unknown, names)
    if near is not None:
        return _("did you mean “{name}”?").format(name=near)
    shown = [name if len(name) <= 60 else name[:57] + "…" for name in names[:MOST_NAMES]]
    more = ["…"] if len(names) > MOST_NAMES else []
    return _("known: {names}").format(names=", ".join([*shown, *more]))


Tell = Callable[[str], None]
_tell: ContextVar[Tell | None] = ContextVar("tell", default=None)


def heard() -> bool:
    """Whether somebody listens already."""
    return _tell.get() is not None


def step(text: str) -> None:
    """Say what begins now, in the reader's words."""
    tell = _tell.get()
    if tell is not None:
        tell(text)


@contextmanager
def told(tell: Tell) -> Iterator[None]:
    """Until the block ends, `tell` hears every step of this thread."""
    token = _tell.set(tell)
    try:
        yield
    finally:
        _tell.reset(token)
