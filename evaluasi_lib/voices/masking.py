"""Names, numbers and places taken out of a quote before a person reads it over.

An aid, not a guarantee: a third person stands in no roster, and a story can tell who told it.
That is why a quote is printed only after somebody approved it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from evaluasi_lib.voices.text import LINK, slang, stem

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
    ordinary = table.roles | table.stop | table.words.keys() | frozenset(_TITLES.split("|"))
    if word in ordinary or stem(word) != word:
        return match[0]
    return f"{match[1]} [nama]"
