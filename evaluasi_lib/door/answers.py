"""Open answers coded with themes, and how far coders agree: pandas in, pandas out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluasi_lib.errors import DataError, Problem, UsageError
from evaluasi_lib.reading.codebook import Code, Codebook, own_codebook, parse_model
from evaluasi_lib.tables import SEED, Table, bounds
from evaluasi_lib.voices.agreement import agreement_rows, as_codes
from evaluasi_lib.voices.feedback import code_answers as find_codes
from evaluasi_lib.wording import _


def code_answers(
    s: pd.Series, codebook: str | Path | Mapping[str, Any] | Codebook | None = None
) -> pd.DataFrame:
    """Which themes each open answer speaks of, and how it sounds: one row an answer, index of s.

    s: (n,) texts. codebook: None is the workbook's own; a YAML file as docs/voices.md describes; or
    theme -> phrases. Columns: one yes/no column a theme that the codebook has, then `sentiment`
    (-1 to 1; missing without words of praise or complaint), `content` (says anything at all) and
    `themes` (the found ones, joined). Raises DataError for a codebook that is not of its form.
    How well it codes: docs/voices.md.

    >>> import pandas as pd
    >>> found = code_answers(pd.Series(["Jadwalnya terlalu padat", "-"]), {"jadwal": ["jadwal"]})
    >>> found["jadwal"].tolist(), found["content"].tolist()
    ([True, False], [True, False])
    """
    codes = _codes(codebook)
    coded = find_codes(s.astype("object").where(s.notna(), "").astype(str).tolist(), codes)
    out = coded.present.set_index(s.index)
    names = list(codes)
    joined = [", ".join(n for n in names if row[n]) for row in coded.present.to_dict("records")]
    return out.assign(sentiment=coded.sentiment, content=coded.content, themes=joined)


def _codes(codebook: str | Path | Mapping[str, Any] | Codebook | None) -> dict[str, Code]:
    if codebook is None:
        return own_codebook().themes
    if isinstance(codebook, Codebook):
        return codebook.themes
    if isinstance(codebook, Mapping):
        return {
            str(name): code if isinstance(code, Code) else Code(label=str(name), include=list(code))
            for name, code in codebook.items()
        }
    path = Path(codebook).expanduser()
    if not path.is_file():
        raise DataError(Problem(_("there is no such file"), str(codebook), _("check the folder")))
    return parse_model(path.read_text(encoding="utf-8"), path.name, Codebook).themes


def agreement(
    a: pd.Series, b: pd.Series, *more: pd.Series, ordinal: bool = False, seed: int = SEED
) -> Table:
    """How far two or more coders agree on the same units, with 95% bootstrap intervals.

    a, b, more: (n,) codes of the same units, row by row; missing where a coder gave none. ordinal:
    the codes are ordered (adds that alpha). Columns: coefficient, label, value, low, high, n_units.
    Cohen's kappa is of the first two coders. Intervals are missing under ten units. seed: of the
    bootstrap. Raises UsageError where the coders' units differ in number. Sources: Cohen (1960),
    Krippendorff (2011), Gwet (2008).

    >>> import pandas as pd
    >>> t = agreement(pd.Series(list("aabbc")), pd.Series(list("aabbb")))
    >>> t.set_index("coefficient")["value"].round(3)["percent"]
    np.float64(0.8)
    """
    coders = [a, b, *more]
    if len({len(c) for c in coders}) != 1:
        sizes = ", ".join(str(len(c)) for c in coders)
        what = _("the coders' columns are not equally long: {sizes}").format(sizes=sizes)
        raise UsageError(Problem(what, remedy=_("give the codes of the same units, row by row")))
    table = np.column_stack([c.astype("object").where(c.notna(), None).to_numpy() for c in coders])
    found = agreement_rows(as_codes(table), np.random.default_rng(seed), ordinal=ordinal)
    records = [bounds(row) for row in found]
    return Table(pd.DataFrame(records), shown=["label", "value", "low", "high", "n_units"])
