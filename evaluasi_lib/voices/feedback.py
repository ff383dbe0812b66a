"""Open answers: their themes and tone, the modules that are asked for, and quotes from them.

Quotes are proposed by rule, approved by a person in kutipan.csv, and printed only then. Masking is
an aid, not a guarantee: a third person stands in no roster, and a story can tell who told it.

An answer is read in even words: everyday spelling is made standard, roots come from PySastrawi, and
the ends of clauses are marked. Sastrawi takes about a millisecond for a word it must peel, so each
distinct word is analysed once and remembered. The phrases of all themes lie in one index by their
first word, so an answer costs a look-up for each of its words, whatever the size of the codebook.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from Sastrawi.Dictionary.ArrayDictionary import ArrayDictionary
from Sastrawi.Stemmer.Stemmer import Stemmer
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

from evaluasi_lib.conclusion import tone_of
from evaluasi_lib.measures import UNPUBLISHED, Cell, Draft, Drafts, Quote, Remark, drafts, part_of
from evaluasi_lib.program import Program
from evaluasi_lib.reading.files import packaged_yaml
from evaluasi_lib.reading.voices import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.scoring.frames import share_of
from evaluasi_lib.study import Study
from evaluasi_lib.wording import Sentences, _, choose

BOUNDARY = "|"
MAX_CHARACTERS = 5_000  # of one answer; what follows is not read
GAP = "..."
MAX_GAP = 3  # words that may stand in a gap
LOOK_BACK = 3  # words before a phrase in which a negation counts

say = Sentences(__file__, "sentences.yml")

LINK = re.compile(r"(?:https?://|www\.)\S+")
_LONG = re.compile(r"([a-z])\1{2,}")
_WORD = re.compile(r"[a-z0-9]+(?:['’/&-][a-z0-9]+)*/?|[.,;:!?()\n|…]+")
_TWICE = re.compile(r"([a-z]{3,}?)2(nya|an)?")
# Everything that Sastrawi could take off, infixes included (held by a test against Sastrawi).
_AFFIXED = re.compile(
    r"^(?:di|ke|se|ku|kau|be|te|me|pe|[^aiueo](?:er|el|em|in)[aiueo])."
    r"|.(?:i|an|is|isme|lah|kah|tah|pun|ku|mu|nya)$"
)
_CLAUSE_STARTS = frozenset(
    {"tetapi", "padahal", "sedangkan", "meski", "meskipun", "walau", "walaupun", "although"}
)


class Word(NamedTuple):
    """form: the word after normalising, without -nya; stem: its root by Sastrawi."""

    form: str
    stem: str


END = Word(BOUNDARY, BOUNDARY)


@cache
def slang() -> SimpleNamespace:
    """The shipped table slang.yml. words: everyday spelling -> standard; negators: words that turn
    the next ones round; particles: words that are left out; nothing: words of which an answer
    without content is made; stop: words that name no theme; roles: words that follow a title and
    name no person."""
    data = packaged_yaml(__package__, "slang.yml")
    turned = {
        str(other): standard
        for part in ("negation", "words")
        for standard, others in data[part].items()
        for other in others
    }
    lists = ("particles", "nothing", "stop", "roles")
    return SimpleNamespace(words=turned, negators=frozenset(data["negation"]),
                           **{name: frozenset(data[name].split()) for name in lists})  # fmt: skip


@cache
def stemmer() -> Stemmer:
    """Sastrawi's stemmer over its own list of roots (without its cache: `analyse` has one)."""
    return Stemmer(ArrayDictionary(StemmerFactory().get_words()))


@cache
def stem(word: str) -> str:
    """The root of one lower-case word; words without any affix that Sastrawi knows skip it."""
    return stemmer().stem(word) if word.isalpha() and _AFFIXED.search(word) else word


@cache
def _words_of(raw: str) -> tuple[Word, ...]:
    """What was written between two spaces as words: slang resolved, doubling taken out, stemmed."""
    if not raw[0].isalnum():
        return (END,)
    table = slang()
    if raw in table.particles:
        return ()
    word = _LONG.sub(r"\1", raw)
    if match := _TWICE.fullmatch(word):  # kuliah2, teman2nya
        word = match[1] + (match[2] or "")
    if word not in table.words and "-" in word:
        left, _, right = word.partition("-")
        if right.startswith(left) or left.endswith(right.removesuffix("nya")):  # teman-temannya
            word = right
        elif len(left) > 2:
            return (*_words_of(left), *_words_of(right))
    standard = table.words.get(word) or table.words.get(word.removesuffix("nya"))
    forms = standard.split() if standard else [word.removesuffix("nya") if len(word) > 6 else word]
    words = tuple(Word(form, stem(form if standard else word)) for form in forms)
    return (END, *words) if words[0].form in _CLAUSE_STARTS else words


def analyse(text: str) -> list[Word]:
    """The words of a text in order, with END between its clauses."""
    text = text[:MAX_CHARACTERS].lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).lower()
    if "http" in text or "www." in text:
        text = LINK.sub(" ", text)
    words: list[Word] = []
    for raw in _WORD.findall(text):
        words += _words_of(raw)
    return words


class Phrase(NamedTuple):
    """One pattern of a code, as it will be met; excluding: it takes matches of the code away."""

    code: str
    parts: tuple[str, ...]  # stems, "=form", or GAP
    excluding: bool


class Hit(NamedTuple):
    """A code found at words start..end (inclusive)."""

    code: str
    start: int
    end: int
    negated: bool = False


@dataclass(frozen=True)
class Matcher:
    """Phrases by their first word. negated: code -> keep, drop or another code."""

    phrases: dict[str, list[Phrase]]
    negated: dict[str, str]

    @classmethod
    def of(cls, codes: dict[str, Code]) -> Matcher:
        """The phrases of all codes in one index."""
        phrases: dict[str, list[Phrase]] = defaultdict(list)
        for name, code in codes.items():
            for excluding, texts in ((False, code.include), (True, code.exclude)):
                for parts in map(_parts, texts):
                    phrases[parts[0]].append(Phrase(name, parts, excluding))
        return cls(dict(phrases), {name: code.negated for name, code in codes.items()})

    def hits(self, words: list[Word]) -> list[Hit]:
        """What the words speak of, exclusions and negations applied, in order of appearance."""
        found: list[Hit] = []
        taken: list[Hit] = []
        for i, word in enumerate(words):
            for first in (word.stem, "=" + word.form):
                for phrase in self.phrases.get(first, ()):
                    end = _end_of(phrase.parts, words, i)
                    if end is not None:
                        (taken if phrase.excluding else found).append(Hit(phrase.code, i, end))
        hits = []
        for hit in found:
            if any(t.code == hit.code and t.start <= hit.start and hit.end <= t.end for t in taken):
                continue
            negated = is_negated(words, hit.start)
            meaning = self.negated[hit.code] if negated else "keep"
            if meaning != "drop":
                code = hit.code if meaning == "keep" else meaning
                hits.append(Hit(code, hit.start, hit.end, negated))
        return hits


def _parts(text: str) -> tuple[str, ...]:
    """A phrase of the codebook as it will be met: a root means its whole family of words ("guna":
    berguna, gunanya, kegunaan), a derived word means itself (stems join too much: "pelatihan" and
    "latihan" have one root)."""
    parts: list[str] = []
    for piece in text.split():
        if piece == GAP:
            parts.append(GAP)
        else:
            words = [w for w in analyse(piece.removeprefix("=")) if w.form != BOUNDARY]
            family = not piece.startswith("=")
            parts += [w.stem if family and w.stem == w.form else "=" + w.form for w in words]
    return tuple(parts) or ("=" + text,)


def _end_of(parts: tuple[str, ...], words: list[Word], start: int) -> int | None:
    """The last word of a phrase that begins at `start`, or None where it does not go on so."""
    at = start
    slack = 0
    for part in parts[1:]:
        if part == GAP:
            slack = MAX_GAP
            continue
        for position in range(at + 1, min(at + 2 + slack, len(words))):
            word = words[position]
            if word.form == BOUNDARY:
                return None
            if part == word.stem or (part[0] == "=" and part[1:] == word.form):
                at = position
                break
        else:
            return None
        slack = 0
    return at


def is_negated(words: list[Word], start: int) -> bool:
    """Whether an odd number of negations stands within LOOK_BACK words before, in the clause.

    "tidak saja" and "bukan saja" (not only) are no negation.
    """
    negators = slang().negators
    count = 0
    for i in range(start - 1, max(start - 1 - LOOK_BACK, -1), -1):
        if words[i].form == BOUNDARY:
            break
        if words[i].form in negators and words[i + 1].form != "saja":
            count += 1
    return count % 2 == 1


@cache
def own_lexicon() -> Matcher:
    """The workbook's own words of praise and complaint, as a matcher with the codes "+" and "-"."""
    data = packaged_yaml(__package__, "lexicon.yml")
    sides = {"+": data["positive"], "-": data["negative"]}
    return Matcher.of(
        {sign: Code(label=sign, include=x, exclude=data["neither"]) for sign, x in sides.items()}
    )


def clause_sentiment(hits: Iterable[Hit]) -> float:
    """(praise - complaint) / (praise + complaint), in -1..1; NaN where there is neither."""
    signs = [(1 if hit.code == "+" else -1) * (-1 if hit.negated else 1) for hit in hits]
    return sum(signs) / len(signs) if signs else math.nan


KEYS = ["source", "variable", "row"]  # what names one open answer
SAID = [*KEYS, "pid", "text"]
MAX_TERMS = 8  # candidates shown
QUOTE = [*KEYS, "theme", "text", "status"]  # a line of kutipan.csv
INTERVIEWS = "interviews"  # as the source of a quote
APPROVED, PROPOSED = "disetujui", "usulan"
MIN_WORDS, MAX_WORDS = 5, 60
TYPICAL, DISSENTING = 2, 1  # quotes proposed for a theme

_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_NIP = re.compile(r"(?<!\d)(?:\d[ .]?){17}\d(?!\d)|(?<!\d)\d{9}(?!\d)")
_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
_PHONE = re.compile(
    r"(?<!\d)(?:\+?62|0)[ .-]?8\d(?:[ .-]?\d){6,11}(?!\d)|(?<!\d)0\d{2,3}[ .-]\d{6,8}(?!\d)"
)
_TITLED = re.compile(
    r"\b(Pak|Bapak|Bpk\.?|Bu|Ibu|Mas|Mbak|Kak|Sdr\.?|Sdri\.?|Saudara|Saudari|Prof\.?|Dr\.?|Ir\.?|"
    r"Drs\.?|Dra\.?|H\.|Hj\.|Mr\.?|Mrs\.?|Ms\.?)\s+([A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+){0,3})"
)
_TITLES = "pak|bapak|bpk|bu|ibu|mas|mbak|kak"
_SPOKEN_TITLE = re.compile(rf"\b({_TITLES})\s+([a-z]{{3,}})\b", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(Dinas|Badan|Biro|Bagian|Bidang|Direktorat|Inspektorat|Sekretariat|Puskesmas|RSUD|RSUP|"
    r"Kecamatan|Kelurahan|Kantor|Balai|Kementerian|Kab\.?|Kabupaten|Kota|Provinsi|UPT[DP]?|SMP|SMA|"
    r"SMK|SD|KUA|Bapas|Lapas|BPSDM|BKPSDM|BKD|Pemkab|Pemkot|Pemprov|PT)"
    r"((?:\s+(?:[A-Z][\w'’-]*|\d+)){1,5})"
)
MIN_NAME_LENGTH = 3


@dataclass(frozen=True)
class Coded:
    """What was said, by theme, in open answers or in excerpts of interviews, row for row.

    said: SAID (no column where bare texts were coded). present: rows x codes (bool). sentiment: by
    row, -1..1 or NaN; theme_sentiment: rows x codes, of the clauses that speak of the theme.
    content, found: by row, whether it says anything, and whether any pattern was found in it.
    """

    said: pd.DataFrame
    present: pd.DataFrame
    sentiment: np.ndarray
    theme_sentiment: pd.DataFrame
    content: np.ndarray
    found: np.ndarray

    def persons(self, rows: np.ndarray | pd.Series) -> int:
        """Distinct persons in the marked rows: one counts once, however often they speak."""
        return int(self.said["pid"][np.asarray(rows)].nunique())

    def tones(self, signs: Mapping[str, int]) -> tuple[int, int]:
        """Persons who praise, and who criticise, by the mean of what they say of some themes.

        signs: theme -> 1, or -1 where praise of it speaks against what is asked.
        """
        tone = self.theme_sentiment[list(signs)].mul(list(signs.values())).mean(axis=1)
        of_person = tone[self.content].groupby(self.said["pid"][self.content]).mean()
        return int((of_person > 0).sum()), int((of_person < 0).sum())


def keys_of(table: pd.DataFrame) -> pd.MultiIndex:
    """The KEYS of each row, to see whether it is among others."""
    return pd.MultiIndex.from_frame(table[KEYS])


def codebook_of(study: Study) -> Codebook:
    """The program's own codebook, else the workbook's."""
    table = study.restricted("codebook")
    if table.empty:
        return own_codebook()
    return parse_model(str(table["text"].iloc[0]), "codebook", Codebook)


def code_answers(texts: Sequence[str], codes: dict[str, Code]) -> Coded:
    """Find the codes in each answer. Equal texts are read once; order is kept."""
    matcher, lexicon, nothing = Matcher.of(codes), own_lexicon(), slang().nothing
    names = list(codes)
    column = {name: j for j, name in enumerate(names)}
    where, values = pd.factorize(np.asarray(texts, dtype=object))
    present = np.zeros((len(values), len(names)), dtype=bool)
    by_theme = np.full((len(values), len(names)), np.nan)
    sentiment = np.full(len(values), np.nan)
    content = np.zeros(len(values), dtype=bool)
    for i, text in enumerate(values):
        words = analyse(text)
        content[i] = any(w.form != BOUNDARY and w.form not in nothing for w in words)
        if not content[i]:
            continue
        tones = lexicon.hits(words)
        sentiment[i] = whole = clause_sentiment(tones)
        hits = matcher.hits(words)
        if not hits:
            continue
        clause = np.cumsum([w.form == BOUNDARY for w in words])
        for name in {hit.code for hit in hits}:
            spoken = {clause[hit.start] for hit in hits if hit.code == name}
            tone = clause_sentiment(t for t in tones if clause[t.start] in spoken)
            present[i, column[name]] = True
            by_theme[i, column[name]] = whole if np.isnan(tone) else tone
    return Coded(
        said=pd.DataFrame(index=range(len(texts))),
        present=pd.DataFrame(present[where], columns=names),
        sentiment=sentiment[where],
        theme_sentiment=pd.DataFrame(by_theme[where], columns=names),
        content=content[where],
        found=np.asarray(present[where].any(axis=1)),
    )


def code_question(study: Study, variables: Sequence[str], codes: dict[str, Code]) -> Coded:
    """The answers to the named open questions, and the codes found in them."""
    said = open_answers(study, variables)
    return replace(code_answers(said["text"].astype(str).tolist(), codes), said=said)


def code_open_answers(study: Study, codebook: Codebook) -> Coded:
    """The declared open answers and their themes, with those that the question itself sets.

    An answer with content to such a question has its theme, unless only the theme that denies it
    was found ("semua bagus" to: what should be improved?).
    """
    plan = study.program.voices
    coded = code_question(study, plan.open_answers if plan else [], codebook.themes)
    for variable, name in (plan.asks if plan else {}).items():
        theme = codebook.code_of(name)
        if theme not in codebook.themes:
            continue
        new = (coded.said["variable"] == variable) & coded.content & ~coded.present[theme]
        denied_by = codebook.themes[theme].denied_by
        if denied_by is not None:
            new &= ~coded.present[denied_by]
        coded.present.loc[new, theme] = True
        coded.theme_sentiment.loc[new, theme] = coded.sentiment[new]
    return coded


def open_answers(study: Study, variables: Iterable[str]) -> pd.DataFrame:
    """source, variable, row, pid, text of the named open questions, in declared order."""
    wanted = set(variables)
    parts = [pd.DataFrame(columns=SAID)]
    for source, declared in study.program.sources.items():
        table = study.restricted(source) if wanted & declared.columns.keys() else pd.DataFrame()
        if len(table):
            asked = table["variable"].isin(wanted & declared.columns.keys())
            filled = table["text"].fillna("").astype(str).str.strip() != ""
            parts.append(table[asked & filled].assign(source=source)[SAID])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def theme_rows(coded: Coded, codebook: Codebook, source: Literal["survey", "interview"]) -> Drafts:
    """Persons who speak of each theme, of those who said anything, with Wilson intervals, and how
    it sounds. A theme that nobody spoke of is left out."""
    for name, record, cell in _spoken(coded):
        tone = coded.theme_sentiment[name].mean()
        record["sentiment"] = float(tone) if pd.notna(tone) else None
        about = {"subject": name, "group": source, "label": codebook.label(name)}
        place = ["themes", name, source]
        n, (praise, criticism) = record["n"], coded.tones({name: 1})
        record |= {"praise": praise, "criticism": criticism, "tone": tone_of(praise, criticism, n)}
        yield from drafts(
            record, place, "share:ci sentiment tone", cell, reason=UNPUBLISHED, **about
        )
        split = Cell((praise, criticism, n - praise - criticism, *cell.persons))
        yield from drafts(record, place, "praise criticism", split, **about)


def module_rows(asked: Coded, codebook: Codebook) -> Drafts:
    """Respondents who ask for each module, of those who answered the question with any content."""
    for name, record, cell in _spoken(asked):
        label = choose(codebook.modules[name].label)
        yield from drafts(record, ["module_demand", name], "share:ci", cell, label=label)


def _spoken(coded: Coded) -> Iterator[tuple[str, dict[str, Any], Cell]]:
    """Each code that was spoken of: its persons, their share, and the cell on which it rests."""
    total = coded.persons(coded.content)
    for code in map(str, coded.present):
        if n := coded.persons(coded.present[code]):
            yield code, share_of(n, total), part_of(n, total)


def answer_rows(coded: Coded) -> Drafts:
    """How many answers had content, how many no theme, and the words that these use."""
    unthemed = coded.content & ~coded.found
    answers, persons = int(coded.content.sum()), coded.persons(coded.content)
    record = {"answers": answers, "respondents": persons}
    cell = Cell((answers, persons))
    yield from drafts(record, ["voices", "survey"], "answers respondents", cell)
    n = int(unthemed.sum())
    left = {"n": n, "share": n / answers if answers else None}
    yield from drafts(left, ["voices", "unthemed"], "n share", part_of(n, answers))
    said = coded.said[unthemed]
    yield from candidate_terms(said["text"].tolist(), said["pid"].tolist())


def candidate_terms(texts: Sequence[str], pids: Sequence[str]) -> Drafts:
    """The words that most persons use in answers without a theme, those of most persons first.

    They are proposals for new themes: a person decides.
    """
    skip = slang().stop | slang().negators
    words = pd.DataFrame(
        [
            (word.stem, word.form, pid)
            for text, pid in zip(texts, pids, strict=True)
            for word in analyse(text)
            if len(word.stem) >= 4 and word.stem not in skip and word.form not in skip
        ],
        columns=["stem", "form", "pid"],
    ).groupby("stem")
    persons = words["pid"].nunique().sort_values(ascending=False, kind="stable").head(MAX_TERMS)
    usual = words["form"].agg(lambda forms: forms.mode().iloc[0])
    for root, n in persons.items():
        yield Draft(Remark("voices/unthemed/terms", str(usual[str(root)])), Cell((int(n),)))


def quote_lines(study: Study) -> pd.DataFrame:
    """The lines of kutipan.csv (QUOTE); those whose source is “interviews” are excerpts."""
    lines = study.restricted("quotes")
    return pd.DataFrame(columns=QUOTE) if lines.empty else lines[QUOTE]


def approved_quotes(
    lines: pd.DataFrame, codebook: Codebook, program: Program, case: str | None = None
) -> tuple[Quote, ...]:
    """The approved of these lines, masked once more by patterns, in their order."""
    found = []
    for line in lines[lines["status"] == APPROVED].itertuples():
        source = program.sources.get(str(line.source))
        column = source.columns.get(str(line.variable)) if source else None
        asked = choose(column.label) if column is not None and column.label else ""
        told = line.source == INTERVIEWS
        where = _("interview") if told else asked or _("open answer")
        group: Literal["survey", "interview"] = "interview" if told else "survey"
        theme = codebook.code_of(str(line.theme))
        found.append(Quote(theme, group, where, mask(str(line.text)), case))
    return tuple(found)


def propose_quotes(
    study: Study, spoken: Iterable[Coded], names: Iterable[str] = ()
) -> pd.DataFrame:
    """Rows for kutipan.csv (status “usulan”), typical and dissenting answers of each theme.

    Typical: the answers whose words (stop words left out) the theme's other answers use most, of
    the prevailing tone; dissenting: the most typical of the opposite tone. Only answers of 5-60
    words, only themes whose number may be published, equal answers once. Texts are masked; earlier
    decisions (any status) stay as they are and are not proposed again. spoken: open answers, and
    excerpts of interviews, which have the source “interviews”, no variable, and the data row of the
    interviews' table. names: of the raw roster, where the caller may read it.
    """
    kept = quote_lines(study)
    known = set(kept[KEYS].itertuples(index=False, name=None))
    cluster = study.program.design.cluster or ""  # agencies and units of the roster
    places = study.persons[cluster].dropna().unique() if cluster in study.persons else ()
    hidden = list(names), [str(place) for place in places if str(place).strip()]
    rows = []
    for coded in spoken:
        total = coded.persons(coded.content)
        # An answer goes to its rarest theme; of equally rare ones to the later, which is narrower.
        persons = {t: coded.persons(coded.present[t]) for t in reversed(coded.present.columns)}
        for theme in sorted(persons, key=lambda t: persons[t]):
            if not persons[theme] or not study.program.enough(
                *part_of(persons[theme], total).persons
            ):
                continue
            for line in _chosen(coded, theme).itertuples():
                key = (line.source, line.variable, line.row)
                if key not in known:
                    known.add(key)
                    rows.append([*key, theme, mask(str(line.text), *hidden), PROPOSED])
    return pd.concat([kept, pd.DataFrame(rows, columns=QUOTE)], ignore_index=True)


def _chosen(coded: Coded, theme: str) -> pd.DataFrame:
    """The answers to propose for one theme, most typical first."""
    has = coded.present[theme].to_numpy()
    said, tone = coded.said[has], coded.theme_sentiment[theme].to_numpy()[has]
    texts = [str(text) for text in said["text"]]
    words = [frozenset(w.form for w in analyse(text)) - slang().stop for text in texts]
    frequency = Counter(word for group in words for word in group)
    likeness = np.array([np.mean([frequency[w] for w in group] or [0]) for group in words])
    fit = ~pd.Series(words).duplicated().to_numpy()  # equal words are one quote
    fit &= np.array([MIN_WORDS <= len(text.split()) <= MAX_WORDS for text in texts])
    order = [i for i in np.argsort(-likeness, kind="stable") if fit[i]]
    prevailing = np.sign(np.nansum(tone)) or 1.0
    other = [i for i in order if np.sign(tone[i]) == -prevailing]
    usual = [i for i in order if i not in other]
    return said.iloc[[*usual[:TYPICAL], *other[:DISSENTING]]]


def mask(text: str, names: Iterable[str] = (), places: Iterable[str] = ()) -> str:
    """The text with e-mail, telephone, NIP, names and places of work replaced by [kinds].

    names, places: of the roster, in any capitals; a part of a name only where it has a capital.
    """
    text = LINK.sub("[tautan]", _EMAIL.sub("[surel]", text))
    text = _NIK.sub("[NIK]", _NIP.sub("[NIP]", text))
    text = _without(places, "[unit kerja]", _PHONE.sub("[telepon]", text))
    text = _PLACE.sub(r"\1 [tempat]", text)
    text = _TITLED.sub(_masked_title, text)
    text = _SPOKEN_TITLE.sub(_masked_spoken, text)
    names = set(names)
    text = _without(names, "[nama]", text)
    # Parts of a name may be ordinary words (bagus, indah), so they count in capitals alone.
    parts = {part.capitalize() for name in names for part in name.split() if len(part) > 3}
    return re.sub(r"\b[A-Z][a-z'’]{3,}\b", lambda m: "[nama]" if m[0] in parts else m[0], text)


def _without(listed: Iterable[str], kind: str, text: str) -> str:
    """The text without the listed names, in any capitals, the longest first."""
    for name in sorted(set(listed), key=lambda n: (-len(n), n)):
        if len(name) >= MIN_NAME_LENGTH:
            text = re.sub(rf"\b{re.escape(name)}\b", kind, text, flags=re.IGNORECASE)
    return text


def _masked_title(match: re.Match[str]) -> str:
    first = match[2].split()[0].casefold()
    return match[0] if first in slang().roles else f"{match[1]} [nama]"


def _masked_spoken(match: re.Match[str]) -> str:
    """ "pak budi" in small letters; offices, roles and derived words (pengajar) name no one."""
    word, table = match[2].casefold(), slang()
    ordinary = {*table.roles, *table.stop, *table.words, *_TITLES.split("|")}
    if word in ordinary or stem(word) != word:
        return match[0]
    return f"{match[1]} [nama]"
