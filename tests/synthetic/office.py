"""The files of a program as forms, platforms and offices export them, dirt included."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from tests.synthetic import answers
from tests.synthetic.files import csv_bytes, write, xlsx_bytes
from tests.synthetic.model import (
    RAW,
    TRUTH,
    WORDS,
    Draws,
    functions,
    model,
    persons,
    read,
    work_out,
)
from tests.synthetic.moodle import moodle_log, study_times

YEAR = 2025  # in which ages are counted


def write_files(program_id, seed, folder):
    """Every generated file of the program in folder."""
    known, people = persons(program_id, seed)
    rng = np.random.default_rng([seed, 1])
    office = Office(program_id, rng, people, folder)
    known |= people.to_dict("series") | functions(office)
    known |= {name: known[name].to_numpy() for name in people}
    known |= {"moodle_log": moodle_log, "study_times": study_times, "stamp": stamp}
    known |= {"cycle": int(office.declared["cycle"]), "iso": dt.datetime.isoformat}
    known["modules"] = list(office.declared.get("elearning", {}).get("modules", {}))
    for name, step in model(program_id)["files"].items():
        if isinstance(step, str):  # a formula for the whole file
            write(folder / name, eval(step, known))
            continue
        last = [step[key] for key in ("sent", "as") if key in step]
        own = work_out({k: f for k, f in step.items() if f not in last}, dict(known))
        known |= {key: own[key] for key in step if key[0] == "_"}
        office.source = name
        office.table = pd.DataFrame(
            {v: own[v] for v in office.columns() if v in own}, dtype=object
        )  # fmt: skip
        for formula in last:
            eval(formula, own)


def stamp(moment):
    """Google Forms in Indonesian: 03/02/2025 9.05.07."""
    return f"{moment:%d/%m/%Y} {moment.hour}.{moment:%M.%S}"


def clock(moment):
    return f"{moment:%Y-%m-%d %H:%M:%S}"


class Office(Draws):
    """What the formulas of files may use besides.

    source, table: the file that is being made. program.yml holds every question text, label and
    option, so that nothing is typed twice; it is read as plain data: the generator must not lean on
    the library.
    """

    def __init__(self, program_id, rng, people, folder):
        super().__init__(rng, len(people))
        self.people, self.folder, self.truth = people, folder, TRUTH[program_id]
        self.declared = read(RAW / program_id / "program.yml")
        self.source, self.table, self.given, self.tables = "", None, {}, {}

    # --- What was declared ---

    def columns(self, source=None):
        declared = self.declared["sources"][source or self.source]["columns"]
        return {v: {"from": c} if isinstance(c, str) else c for v, c in declared.items()}

    def options(self, source, variable):
        """Short name of each option, and its text as the form shows it."""
        texts = self.columns(source)[variable]["options"]
        first = {list: lambda t: t[0], dict: lambda t: t["id"], str: str}
        return {name: first[type(text)](text) for name, text in texts.items()}

    # --- Persons ---

    def names(self, female):
        """Full names with academic titles."""
        made = []
        for is_female in female:
            first = self.rng.choice(WORDS["female" if is_female else "male"])
            before = str(self.rng.choice(WORDS["titles_before"]))
            before = before.replace("H. ", "Hj. " if is_female else "H. ")
            last, after = (self.rng.choice(WORDS[k]) for k in ("last", "titles_after"))
            made.append(f"{before}{first} {last}{after}")
        return made

    def nips(self, age, tenure, female):
        """NIP of 18 digits: birth, start, sex, sequence. The first 15 digits are unique.

        Sequence 9xx: the shape is right, the persons do not exist.
        """
        rng, made = self.rng, {}
        for a, t, is_female in zip(age, tenure, female, strict=True):
            prefix = None
            while prefix is None or prefix in made:
                birth = f"{YEAR - a}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
                start = f"{YEAR - t}{rng.choice([1, 3, 4, 12]):02d}"
                prefix = f"{birth}{start}{2 if is_female else 1}"
            made[prefix] = f"{prefix}{rng.integers(901, 1000)}"
        return np.array(list(made.values()), dtype=object)

    def typed_nips(self, nip, share=0.25):
        """NIP as people type them: blanks between the parts, an apostrophe, dots."""
        hit = self.random() < share
        forms = (
            lambda n: " ".join((n[:8], n[8:14], n[14], n[15:])),
            lambda n: f"'{n}",
            lambda n: f"{n}\u00a0",
            lambda n: ".".join((n[:8], n[8:14], n[14], n[15:])),
        )
        kinds = np.where(hit, self.rng.integers(0, 4, self.n), 4)
        return np.array([(*forms, str)[k](n) for n, k in zip(nip, kinds, strict=True)], object)

    @staticmethod
    def cut_short(typed, nip, places, form):
        """Some kept as numbers by Excel: as `form`, or with the digits after the 15th lost."""
        for j in places:
            typed[j] = form.format(float(nip[j])) if form else float(int(nip[j][:15]) * 1000)
        return typed

    def own_codes(self):
        """Own codes of persons such as SR14MA."""
        made = {}
        while len(made) < self.n:
            mother, day = self.rng.choice(WORDS["mothers"]), self.rng.integers(1, 32)
            made[f"{mother}{day:02d}{self.rng.choice(WORDS['cities'])}"] = None
        return list(made)

    def typed_codes(self, codes):
        """Own codes as people type them: small letters, a hyphen, a blank at the end."""
        forms = {0: str.lower, 1: "{} ".format, 2: lambda c: f"{c[:2]}-{c[2:4]}-{c[4:]}"}
        kinds = self.rng.integers(0, 12, self.n)
        return [forms.get(k, str)(code) for k, code in zip(kinds, codes, strict=True)]

    def grades(self, rank):
        """A grade for each rank 0-5 in one of its spellings."""
        return [self.rng.choice(WORDS["grades"][r]) for r in rank]

    # --- Answers ---

    def messy(self, labels, share):
        """Stray case, spaces and no-break spaces, as copied and pasted forms have them."""
        out = np.array(labels, dtype=object)
        flat = out.reshape(-1)
        hit, kinds = self.rng.random(flat.size) < share, self.rng.integers(0, 5, flat.size)
        forms = (
            "{} ".format, str.lower, str.upper, lambda t: t.replace(" ", "\u00a0"),
            lambda t: f" {t}".replace(" ", "  "),
        )  # fmt: skip
        for i in np.flatnonzero(hit):
            flat[i] = flat[i] and forms[kinds[i]](flat[i])
        return out

    def ticked(self, instrument, wave="", lazy=None, empty=None, messy=None, turn=True):
        """The answers to an instrument as labels, by item. lazy: who ticks one column; empty: share
        of answers left out; turn: whether people hold the reversed items the other way round."""
        known = self.declared["instruments"][instrument]
        items, labels = known["items"], self.declared["scales"][known["scale"]]["labels"]
        values = self.people[[f"{item}_{wave}".rstrip("_") for item in items]].to_numpy()
        for item in known.get("reversed", []) if turn else []:
            values = self.turned(values, items.index(item) + 1)
        if lazy is not None:
            values = self.one_column(values, lazy)
        if empty is not None:
            values = np.where(self.rng.random(values.shape) < empty, 0, values)
        texts = np.array([None, *labels], dtype=object)[values]
        texts = texts if messy is None else self.messy(texts, messy)
        return dict(zip(items, texts.T, strict=True))

    def barriers(self, source, **shifts):
        """Ticked options (name -> flags), and their texts. shifts: what is added to a chance."""
        texts = self.options(source, "hambatan")
        names = list(texts)
        chances = np.array([self.truth["barriers"][name] for name in names])[None].repeat(self.n, 0)
        for name, shift in shifts.items():
            chances[:, names.index(name)] += shift
        ticks = self.rng.random(chances.shape) < chances
        none = names.index("tidak_ada")
        ticks[:, none] &= ~np.delete(ticks, none, axis=1).any(axis=1)
        return ticks, texts

    def tick(self, chosen, separator, **own):
        """Ticked options in one cell, in the order of the form; own: an option's text by person."""
        ticks, texts = chosen
        columns = [own.get(name, [text] * self.n) for name, text in texts.items()]
        rows = zip(ticks, zip(*columns, strict=True), strict=True)
        return [separator.join(np.array(said, object)[row]) or None for row, said in rows]

    def open_answers(self, empty=0.12):
        return {
            name: answers.compose(self.rng, asked["bank"], self.n, asked["themes"], empty)
            for name, asked in self.truth["asked"].items()
        }

    @staticmethod
    def yes(values):
        return np.where(values, "Ya", "Tidak")

    @staticmethod
    def comma(values):
        """Numbers as Indonesian offices write them."""
        return [f"{value:.1f}".replace(".", ",") for value in values]

    # --- How a survey comes in ---

    def moments(self, start, days, form=None):
        """When each answered, most in office hours."""
        day = self.rng.integers(0, days, self.n)
        second = np.clip(self.rng.normal(12.5, 3.5, self.n), 5.5, 23.4) * 3600
        when = [dt.datetime(*start) + dt.timedelta(days=int(d), seconds=int(s))
                for d, s in zip(day, second, strict=True)]  # fmt: skip
        return [form.format(moment) for moment in when] if form else when

    def trials(self, key, trials, repeated, later, filled=()):
        """Rows that are no answers: (place, word) in which the organiser tried the form, in columns
        that begin with `filled` like the answer there; and the places of persons who sent it twice,
        the second time `later` rows further on."""

        def extra(table):
            rows = []
            for place, word in trials:
                like = [v for v in table if v.startswith(filled)]
                row = dict.fromkeys(table) | table.iloc[place][["waktu", *like]].to_dict()
                rows.append((place, row | {key: word}))
            for place in repeated:
                then = min(place + later, len(table) - 1)
                again = table.iloc[place].to_dict() | {"waktu": table["waktu"].iloc[then]}
                rows.append((then + 1, again))
            return rows

        return extra

    def sent(self, present, start, days, extra=None, form=stamp):
        """Who answered, in the order of sending, with when; and the rows that are no answers."""
        table = self.table.assign(waktu=self.moments(start, days))[np.asarray(present)]
        table = table.sort_values("waktu", kind="stable").reset_index(drop=True)
        table["waktu"] = table["waktu"].map(form).astype(object)
        rows = table.to_dict("records")
        for place, row in sorted(extra(table) if extra else [], key=lambda r: -r[0]):
            rows.insert(place, row)
        table = pd.DataFrame(rows, columns=table.columns, dtype=object)
        asked = [name for name in self.truth.get("asked", {}) if name in table]
        self.given[self.source] = {v: [a or answers.NOTHING for a in table[v]] for v in asked}
        for name, given in self.given[self.source].items():
            table[name] = [answer.text for answer in given]
        self.table = self.tables[self.source] = table

    # --- How it is exported ---

    def exported(self, rows=None):
        """The table in the declared order, with the file's own headings."""
        columns = self.columns()
        chosen = [name for name in columns if name in self.table]
        table = self.table[chosen].set_axis([columns[v]["from"] for v in chosen], axis=1)
        return table if rows is None else table.iloc[rows]

    def shuffled(self, who=None):
        rows = np.arange(self.n) if who is None else np.flatnonzero(who)
        return rows[self.rng.permutation(len(rows))]

    def put(self, content):
        write(self.folder / self.declared["sources"][self.source]["file"], content)

    def csv(self, rows=None, **form):
        self.put(csv_bytes(self.exported(rows), **form))

    def xlsx(self, rows, name, titles, others):
        sheets = {name: self.exported(rows)} | {k: pd.DataFrame(v) for k, v in others.items()}
        self.put(xlsx_bytes(sheets, title_rows=titles))

    def kobo(self):
        """KoboToolbox adds columns, and one 0/1 column for each option of a multi question."""
        out, n = self.exported(), len(self.table)
        if "hambatan" in self.table:
            heading = self.columns()["hambatan"]["from"]
            for text in self.options(self.source, "hambatan").values():
                out[f"{heading}/{text}"] = np.array(
                    [None if given is None else int(text in given) for given in out[heading]],
                    dtype=object,
                )
        out["_id"] = 48_210_000 + np.arange(n) * 17
        out["_uuid"] = [
            "".join(f"{v:02x}" for v in self.rng.integers(0, 256, 16)) for _ in range(n)
        ]
        out["_validation_status"] = None
        self.put(csv_bytes(out, delimiter=";", newline="\n", quote_all=True))

    def limesurvey(self, present, start, days, seconds):
        """Question codes as headings; every 41st person begins, and finishes another time."""

        def half(table):
            blank = dict.fromkeys(v for v in table if v.startswith("pen_"))
            return [(j, table.iloc[j].to_dict() | blank | {"_seconds": None})
                    for j in range(17, len(table), 41)]  # fmt: skip

        self.table["_seconds"] = seconds
        self.sent(present, start, days, half, form=lambda moment: moment)
        begun, took = self.table["waktu"], self.table["_seconds"]
        done = took.notna().to_numpy()
        closed = [clock(b + dt.timedelta(seconds=int(s))) if there else None
                  for b, s, there in zip(begun, took, done, strict=True)]  # fmt: skip
        self.table = self.table.assign(waktu=closed, dibuka=list(map(clock, begun)))
        out = self.exported()
        out.insert(0, "id", np.arange(1, len(out) + 1))
        out.insert(2, "lastpage", np.where(done, 3, 2))
        out.insert(3, "startlanguage", "id")
        self.put(csv_bytes(out, newline="\n", quote_all=True))

    def corrections(self, source, column, new, why, who):
        """Single cells (place -> new value) that were put right after the survey closed."""
        table = self.tables[source]
        rows = [[source, at + 1, column, table[column].iloc[at], value, why, who]
                for at, value in new.items()]  # fmt: skip
        heading = ["source", "row", "column", "old", "new", "reason", "who"]
        return csv_bytes(pd.DataFrame(rows, columns=heading, dtype=object), newline="\n")

    def manual_codes(self, source, n):
        return answers.manual_codes(self.rng, source, self.given[source], n)

    def quotes(self, source):
        return answers.quotes(self.rng, source, self.given[source])
