"""Who a row is about: identifiers out of a table, and two tables of the same persons linked."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from evaluasi_lib.cleaning import identity
from evaluasi_lib.cleaning.linking import UNLINKED, nip_repairs, usable_nip
from evaluasi_lib.door.cleaning import texts_of
from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.tables import need
from evaluasi_lib.wording import _


def pseudonymise(
    df: pd.DataFrame,
    column: str,
    key: str | bytes | None = None,
    *,
    kind: Literal["nip", "code"] = "nip",
    scope: str = "",
) -> pd.DataFrame:
    """The table with `pid` in front instead of the identifier: the same person, the same pseudonym.

    column: NIP in any spelling (blanks, dots, Excel's 1,99E+17 where another row has it whole), or
    with kind="code" a respondent's own code. key: the secret; None: the environment variable
    EVALUASI_KEY, else the user's own key file, made on first use. scope: keeps programs apart, so
    that nobody is followed from one to the other; tables that shall be linked need the same. Rows
    without a usable identifier get a pseudonym of their own ("-<row>") and are counted in
    `.attrs["changes"]`. Other columns that name a person stay: leave them out yourself. Source:
    HMAC-SHA256 (RFC 2104) of the number, since all NIP can be tried out. Raises DataError where no
    value at all is a NIP, UsageError for an unknown column.

    >>> import pandas as pd
    >>> df = pd.DataFrame({"nip": ["19900101 201503 1 001", "199001012015031001"], "y": [1, 2]})
    >>> pseudonymise(df, "nip", key="rahasia")["pid"].nunique()
    1
    """
    need(df, [column])
    text = texts_of(df[column])
    changes: dict[str, int] = {}
    if kind == "nip":
        whole = identity.normalise_nip(text)
        status = identity.nip_status(whole).drop_nulls()
        if len(status) and (status == "invalid").all():
            what = _("no value in the column “{column}” has the structure of a NIP")
            remedy = _('choose the column with the NIP, or say kind="code" for respondents\' codes')
            raise DataError(Problem(what.format(column=column), "", remedy, len(status)))
        ids, changes = usable_nip(whole, nip_repairs([whole]))
    else:
        ids = identity.normalise_code(text)
    secret = identity.own_key() if key is None else key.encode() if isinstance(key, str) else key
    hidden = identity.pseudonyms(ids, secret, scope).to_list()
    pids = [h or f"{UNLINKED}{row}" for row, h in enumerate(hidden, 1)]
    out = df.drop(columns=column)
    out.insert(0, "pid", pd.Series(pids, index=df.index, dtype="str"))
    changes |= {"identifier_missing": text.null_count(), "pseudonymised": ids.count()}
    out.attrs = {"changes": {rule: int(n) for rule, n in changes.items() if n}}
    return out


def link(
    before: pd.DataFrame,
    after: pd.DataFrame,
    by: str = "pid",
    *,
    how: Literal["inner", "left", "right", "outer"] = "inner",
) -> pd.DataFrame:
    """Two waves as one row a person; columns of both get the endings `_before` and `_after`.

    before, after: one row a person. by: the column that names the person (a pseudonym). how: whom
    to keep, "inner" those measured twice. `.attrs["changes"]` counts linked, only_before and
    only_after, since who is lost matters. A join is never forced: rows of one person that stand
    twice are a DataError, missing identifiers link to nobody.

    >>> import pandas as pd
    >>> pre = pd.DataFrame({"pid": ["a", "b"], "skor": [3.0, 4.0]})
    >>> post = pd.DataFrame({"pid": ["b", "c"], "skor": [4.5, 5.0]})
    >>> both = link(pre, post, by="pid")
    >>> both.to_dict("records")
    [{'pid': 'b', 'skor_before': 4.0, 'skor_after': 4.5}]
    >>> both.attrs["changes"]
    {'linked': 1, 'only_before': 1, 'only_after': 1}
    """
    problems = []
    for name, table in (("before", before), ("after", after)):
        need(table, [by], name)
        known = table[by].dropna()
        twice = known[known.duplicated(keep=False)]
        if len(twice):
            at = (
                name
                + ", "
                + _("row {row}").format(
                    row=int(table[by].duplicated(keep=False).to_numpy().argmax()) + 1
                )
            )
            what = _("several rows belong to the same person")
            problems.append(Problem(what, at, _("keep one row a person first"), len(twice)))
    if problems:
        raise DataError(*problems)
    first, second = (t.dropna(subset=[by]) for t in (before, after))
    both = len(set(first[by]) & set(second[by]))
    first.attrs, second.attrs = {}, {}
    out = first.merge(second, on=by, how=how, suffixes=("_before", "_after"), validate="1:1")
    out.attrs = {
        "changes": {
            "linked": both,
            "only_before": len(before) - both,
            "only_after": len(after) - both,
        }
    }
    return out
