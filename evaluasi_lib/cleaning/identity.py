"""Who a row is about: NIP and codes read as text, checked by structure, turned into pseudonyms.

An unsalted hash of a NIP is no pseudonym, since all NIP can be tried out. The pseudonym is an
HMAC-SHA256 with a key that never lies in the project: the environment variable EVALUASI_KEY, or a
file of mode 600 in the user's own data folder, made on first use.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import sys
import tempfile
from pathlib import Path

import polars as pl

from evaluasi_lib.errors import DataError, Problem
from evaluasi_lib.program import Program
from evaluasi_lib.wording import _

KEY_VARIABLE = "EVALUASI_KEY"
PSEUDONYM_LENGTH = 20
PREFIX_LENGTH = 15  # digits of a number that Excel keeps


def user_data_folder() -> Path:
    """The user's own data folder, by the custom of each system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "evaluasi"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "evaluasi"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "evaluasi"


def pseudonym_key(program: Program) -> bytes:
    """The secret key. Made-up persons need no secret: their key is fixed, so that runs agree."""
    if program.synthetic:
        return f"synthetic {program.series or program.id}".encode()
    return own_key()


def own_key() -> bytes:
    """The user's own secret key, made on first use. Raises DataError where it cannot be."""
    if given := os.environ.get(KEY_VARIABLE):
        return given.encode()
    path = user_data_folder() / "kunci-pseudonim"
    try:
        if not path.is_file():
            _make_key(path)
        return path.read_bytes().strip()
    except OSError as error:
        raise DataError(
            Problem(
                _("the key for pseudonyms can neither be read nor made"),
                str(path),
                _("give one in the environment variable {name}").format(name=KEY_VARIABLE),
            )
        ) from error


def _make_key(path: Path) -> None:
    """Write a new key whole, readable by the user alone; a key that is there already stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp makes mode 600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(temporary, path)
        except FileExistsError:  # another process was first
            pass
        except OSError:  # a file system without hard links
            os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def pseudonyms(identifiers: pl.Series, key: bytes, scope: str) -> pl.Series:
    """Keyed pseudonyms of normalised identifiers; missing stays missing.

    scope: keeps programs apart, so that nobody is followed from one program to another.
    """
    prefix = f"{scope}\0".encode()
    return pl.Series(
        identifiers.name,
        [
            None
            if value is None
            else hmac.digest(key, prefix + value.encode(), hashlib.sha256).hex()[:PSEUDONYM_LENGTH]
            for value in identifiers
        ],
        dtype=pl.String,
    )


def normalise_code(text: pl.Series) -> pl.Series:
    """A respondent's own code: blanks, dashes, dots and case levelled."""
    code = text.str.to_lowercase().str.replace_all(r"[\s\u00a0\u200b\ufeff.\-_/']+", "")
    return pl.select(pl.when(code != "").then(code)).to_series().alias(text.name)


def normalise_nip(text: pl.Series) -> pl.Series:
    """Digits of a NIP: apostrophes, blanks, dots, dashes and a trailing ".0" removed.

    A number in scientific notation is written out with zeros for the digits that Excel lost.
    """
    digits = (
        text.str.replace_all(r"[\s\u00a0\u200b\ufeff'’`\-]+", "")
        .str.replace(r"^(?i:nip|ni)\.?:?", "")
        .str.replace(r"[.,]0$", "")
    )
    power = digits.str.contains(r"(?i)^\d[.,]\d+e\+?17$").fill_null(False)
    mantissa = digits.str.replace(r"(?i)e\+?17$", "").str.replace_all(r"[.,]", "")
    digits = digits.str.replace_all(".", "", literal=True)
    whole = pl.when(power).then(mantissa.str.pad_end(18, "0")).otherwise(digits)
    return pl.select(pl.when(digits != "").then(whole)).to_series().alias(text.name)


def nip_status(nip: pl.Series) -> pl.Series:
    """What a normalised NIP is: "pns", "pppk", "legacy" (9 digits), "damaged", "invalid" or None.

    PNS: birth yyyymmdd, start yyyymm, sex 1/2, sequence from 001. PPPK: birth, start year, number
    of the contract, sex, sequence. Sequence 000 does not exist: it marks the digits Excel lost.
    """
    shaped = nip.str.contains(
        r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d{2}\d{2}\d\d{3}$"
    )
    lost = shaped & nip.str.ends_with("000")
    sex = shaped & nip.str.slice(14, 1).is_in(["1", "2"])
    month = nip.str.slice(12, 2).is_in([f"{m:02d}" for m in range(1, 13)])
    status = (
        pl.when(lost)
        .then(pl.lit("damaged"))
        .when(sex & month)
        .then(pl.lit("pns"))
        .when(sex)
        .then(pl.lit("pppk"))
        .when(nip.str.contains(r"^\d{9}$"))
        .then(pl.lit("legacy"))
        .when(nip.is_not_null())
        .then(pl.lit("invalid"))
    )
    return pl.select(status).to_series().alias(nip.name)


def repair_prefixes(whole: pl.Series, damaged: pl.Series) -> dict[str, str]:
    """Damaged NIP -> the only whole one with the same 15 digits, where there is exactly one.

    whole: distinct undamaged NIP of the program. damaged: distinct damaged ones.
    """
    prefix = whole.str.slice(0, PREFIX_LENGTH)
    frame = pl.DataFrame({"prefix": prefix, "nip": whole}).unique()
    only = frame.filter(pl.len().over("prefix") == 1)
    found = dict(zip(only["prefix"], only["nip"], strict=True))
    return {d: found[d[:PREFIX_LENGTH]] for d in damaged if d[:PREFIX_LENGTH] in found}


def from_nip(text: pl.Series, what: str, at: dt.date) -> pl.Series:
    """ "age" or "tenure" in whole years on a day, or "sex" as L/P, as text, from the NIP itself.

    Read from the first 15 digits, which a spreadsheet keeps. A PPPK number tells the year of the
    start alone; its tenure counts from January. None where the number has no such structure.
    """
    nip = normalise_nip(text.cast(pl.String))
    usable = nip_status(nip).is_in(["pns", "pppk", "damaged"]).fill_null(False)
    nip = pl.select(pl.when(usable).then(nip)).to_series()
    if what == "sex":
        code = nip.str.slice(14, 1)
        return code.replace_strict({"1": "L", "2": "P"}, default=None, return_dtype=pl.String)
    year = nip.str.slice(0 if what == "age" else 8, 4).cast(pl.Int32)
    month = nip.str.slice(4 if what == "age" else 12, 2).cast(pl.Int32)
    if what == "tenure":
        is_month = month.is_between(1, 12)
        month = pl.select(pl.when(is_month).then(month).otherwise(1)).to_series()
        day = 1
    else:
        day = nip.str.slice(6, 2).cast(pl.Int32)  # type: ignore[assignment]
    before = (month * 100 + day) > at.month * 100 + at.day
    years = at.year - year - before.cast(pl.Int32)
    return years.cast(pl.String)


_GRADE = re.compile(r"(?<![A-Z])(IV|III|II|I|[1-4])\s*[/.\-(]?\s*([A-E])(?![A-Z])", re.IGNORECASE)
_PPPK_GRADE = re.compile(r"(?:GOL(?:ONGAN)?\.?\s*)?(X?(?:IX|IV|V?I{1,3}|V)|X)", re.IGNORECASE)
_ECHELON = re.compile(
    r"(?:ESELON|ESL?)?\.?\s*(IV|III|II|I|[1-5]|V)\s*[/.\-]?\s*([AB])?", re.IGNORECASE
)
_NO_ECHELON = re.compile(
    r"(?:NON|BUKAN|TANPA)\s*-?\s*(?:ESELON|STRUKTURAL|JABATAN.*)", re.IGNORECASE
)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V"}


def spell_golongan(text: str) -> str | None:
    """ "Pembina Tk.I/ IV/b", "IV b", "4b" -> "IV/b"; a PPPK grade "Gol. IX" -> "IX"; else None."""
    found = _GRADE.findall(text)
    if found:
        roman, letter = found[-1]
        return f"{_ROMAN.get(roman, roman.upper())}/{letter.lower()}"
    only = _PPPK_GRADE.fullmatch(text.strip())
    return only[1].upper() if only else None


def spell_eselon(text: str) -> str | None:
    """ "Eselon III.a", "IIIA", "3a" -> "III/a"; "Eselon 2" -> "II"; "Non Eselon" -> "Noneselon"."""
    if _NO_ECHELON.fullmatch(text.strip()):
        return "Noneselon"
    only = _ECHELON.fullmatch(text.strip())
    if only is None:
        return None
    roman = _ROMAN.get(only[1], only[1].upper())
    return f"{roman}/{only[2].lower()}" if only[2] else roman


SPELLINGS = {"golongan": spell_golongan, "eselon": spell_eselon}
