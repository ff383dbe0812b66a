"""A program full of planted persons, and a search for them in every byte of what is made of it.

Each person has a name, NIP, e-mail, telephone number and address that occur nowhere else in the
world. They stand where they belong (the roster), and where people put them all the same: rooms
called after somebody, free texts, names of files, the columns of other questions, a platform's log.
`traces` finds those that came out again.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests import raw

DECLARED = Path(__file__).resolve().parent / "data" / "canaries"
N = 240
FIRST = (("zar", "vek", "qui", "jov"), ("bel", "dun", "mif"), ("ko", "xa", "yu", "pe", "to"),
         ("nd", "rv", "ks", "lm"))  # fmt: skip
LAST = (("gro", "wex", "fyl", "tsu"), ("han", "bru", "cej"), ("wo", "ri", "zu", "la", "ne"),
        ("gh", "dv", "mp", "sz"))  # fmt: skip
STREET = (("hy", "ob", "uv", "iq"), ("lax", "med", "pof"), ("ci", "ru", "wa", "ze", "do"),
          ("bb", "cc", "dd", "gg"))  # fmt: skip


@dataclass(frozen=True)
class Person:
    first: str
    last: str
    nip: str
    email: str
    phone: str
    address: str

    @property
    def name(self) -> str:
        return f"{self.first.capitalize()} {self.last.capitalize()}"

    @property
    def words(self) -> tuple[str, ...]:
        """What tells of the person, as words of letters or runs of digits, in small letters."""
        street = self.address.split()[1].casefold()
        mailbox = self.email.partition("@")[0]
        return self.first, self.last, self.nip, mailbox, self.phone, street


def persons() -> list[Person]:
    """N persons; no part of one is part of another."""
    found = []
    made = zip(*(map("".join, product(*parts)) for parts in (FIRST, LAST, STREET)), strict=True)
    for i, (first, last, street) in enumerate(made):
        born = f"19{70 + i % 25}{1 + i % 12:02}{1 + i % 28:02}"
        nip = f"{born}20{10 + i % 9}{1 + i % 12:02}{1 + i % 2}{100 + i}"
        phone = f"08{12 + i % 7}{30000001 + 137 * i}"
        address = f"Jalan {street.capitalize()} No. {1 + i % 90}, RT 03/RW 07"
        mailbox = f"{first[::-1]}{last[::-1]}@contoh.go.id"
        found.append(Person(first, last, nip, mailbox, phone, address))
    return found


def rooms(people: list[Person]) -> list[str]:
    """Values of a category that name persons, in the ways in which rooms and units do."""
    return [
        f"Ruang {people[0].name}",
        f"RUANG {people[1].name.upper()}",
        f"{people[2].last.upper()}, {people[2].first.capitalize()}",
        f"Aula {people[3].first.capitalize()}",
        f"bagian bu {people[4].first}",
        f"Tim_{people[5].last}-{people[5].first}",
        f"Gedung {people[6].last} {people[6].first} lantai 2",
        f"Posko {people[7].email}",
        f"Posko {people[8].phone}",
        "Ruang Rapat Utama",
    ]


def write(folder: Path) -> list[Person]:
    """data/raw with the program of tests/data/canaries; the persons planted in it."""
    people, rng = persons(), np.random.default_rng(16)
    member, odd = np.arange(N) < N // 2, np.arange(N) % 2 == 1
    said = [f"Hubungi {p.name} ({p.email}, {p.phone}) di {p.address}; NIP {p.nip}" for p in people]
    place = np.array(rooms(people))[np.arange(N) % 10]
    nip, mails = [p.nip for p in people], [p.email for p in people]
    trait = rng.normal(size=N) + member
    answers = {f"guna_{i}": [raw.LABELS[v - 1] for v in column]
               for i, column in enumerate(raw.answers(trait, 4, rng).T, 1)}  # fmt: skip
    tables: dict[str, dict[str, Any]] = {
        "peserta": {
            "nip": nip, "nama": [p.name for p in people], "surel": mails,
            "telepon": [p.phone for p in people], "alamat": [p.address for p in people],
            "ruang": place, "kelompok": np.where(member, "Peserta", "Pembanding"),
            "catatan": [text if i % 3 else "tidak ada" for i, text in enumerate(said)],
            "atasan": [people[(i + 1) % N].name for i in range(N)],
            "ikut": "ya", "tuntas": np.where(rng.random(N) < 0.8, "ya", "tidak"),
            "alasan": np.where(rng.random(N) < 0.5, place, "sibuk"),
        },
        "survei": {
            "nip": nip, **answers, "saran": said, "tempat": [f"dekat {room}" for room in place],
            "hambatan": np.where(odd, [f"lainnya {text}" for text in said], "jarak"),
        },
        "nilai": {"nip": nip, "nilai": np.round(70 + 5 * trait + rng.normal(size=N), 1),
                  "kepada": place},
        "log": {
            "surel": mails, "time": "2025-03-03 10:00:00", "event": "dilihat",
            "module": np.where(odd, "Modul 1", [f"Kuis {p.name}" for p in people]),
            "component": "Kuis", "origin": "web", "nip": nip,
        },
    }  # fmt: skip
    files = {f"{n}.csv": pd.DataFrame(table).to_csv(index=False) for n, table in tables.items()}
    for name, text in (files | _voices(people)).items():
        path = folder / "raw" / raw.ID / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in DECLARED.iterdir():
        shutil.copy(path, folder / "raw" / raw.ID)
    return people


def _voices(people: list[Person]) -> dict[str, str]:
    """Transcripts, documents and stray files that bear names; tables that persons signed."""
    documents = [f"laporan {p.name}.txt" for p in people[13:16]]
    ratings = [f"{p.name},{name},tujuan,2,Tujuan terukur,1\n"
               for p in people[18:20] for name in documents]  # fmt: skip
    interviews = [f"{p.name},Alumni,Kata {p.name} lewat {p.email},manfaat,{other.name}\n"
                  for p, other in zip(people[20:40], people[40:60], strict=True)]  # fmt: skip
    told = {
        f"transkrip/wawancara {p.name}.txt": "Pewawancara: Bagaimana?\n"
        f"{p.first.capitalize()}: Saya {p.name}, {p.phone}.\n"
        for p in people[10:13]
    }  # fmt: skip
    return told | {f"dokumen/{name}": "Tujuan terukur tercapai." for name in documents} | {
        f"salinan {people[16].last} {people[16].first}.csv": "x\n1\n",
        f"{people[17].email}.{people[17].last}": "x",
        "penilaian.csv": "penilai,dokumen,indikator,nilai,kutipan,halaman\n" + "".join(ratings),
        "wawancara.csv": "responden,kelompok,kutipan,kode,pengode\n" + "".join(interviews),
        "koreksi.csv": "sumber,baris,kolom,lama,baru,alasan,oleh\n"
        f"nilai,1,nilai,0,1,diminta {people[60].name},{people[61].name}\n",
    }  # fmt: skip


# --- What came out ------------------------------------------------------------------------------


def traces(found: dict[str, str], people: list[Person]) -> list[tuple[str, str]]:
    """(place, what it tells) of every word of a person in the texts."""
    words = {word for person in people for word in person.words}
    hits = []
    for place, text in found.items():
        small = text.casefold()
        spoken = set(re.findall(r"[^\W\d_]+", small))
        digits = set(re.findall(r"\d{10,}", re.sub(r"(?<=\d)[ .\-](?=\d)", "", small)))
        hits += [(place, word) for word in sorted((spoken | digits) & words)]
    return hits


def texts_in(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Place -> text, for every file below a folder and what lies packed in it, and its name.

    without: parts of the path of files that are left out.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part in path.parts for part in without):
            continue
        found[f"{place} (name)"] = place
        for part, text in _unpacked(place, path.read_bytes()):
            found[part] = text
    return found


def _unpacked(place: str, content: bytes) -> Iterator[tuple[str, str]]:
    """The text of a file; of archives, workbooks and PDF, of what they hold."""
    yield place, content.decode("latin-1") + content.decode("utf-16-le", errors="ignore")
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _unpacked(f"{place}/{name}", archive.read(name))
    elif content[:4] == b"PAR1":
        yield f"{place} (parquet)", _parquet_text(content)
    elif content[:4] == b"%PDF":
        yield f"{place} (PDF)", _pdf_text(content)
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        yield f"{place} (PNG)", "".join(t.decode("latin-1") for t in _inflated(content))
    else:
        text = content.decode("utf-8", errors="ignore")
        yield f"{place} (UTF-8)", text
        for i, data in enumerate(re.findall(r"data:[\w/+.;=-]+;base64,([A-Za-z0-9+/=]+)", text)):
            yield from _unpacked(f"{place}#{i}", base64.b64decode(data))


def _inflated(content: bytes) -> Iterator[bytes]:
    """What each compressed stream of a PNG or PDF unpacks to."""
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", content):
        try:
            yield zlib.decompressobj().decompress(content[start.start() :], 5_000_000)
        except zlib.error:
            continue


def _parquet_text(content: bytes) -> str:
    """Values, dictionaries, statistics and metadata of a Parquet file."""
    plain = pq.ParquetFile(io.BytesIO(content))
    kinds = (pa.string(), pa.large_string())
    texts = [field.name for field in plain.schema_arrow if field.type in kinds]
    coded = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts)
    found = [str(plain.schema_arrow.metadata), str(plain.metadata.to_dict())]
    for column in coded.read().columns:
        for chunk in column.chunks:
            if isinstance(chunk, pa.DictionaryArray):
                found.append("\n".join(map(str, chunk.dictionary.to_pylist())))
            else:
                found.append("\n".join(map(str, chunk.to_pylist())))
    return "\n".join(found)


def _pdf_text(content: bytes) -> str:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    pages = [page.extract_text() for page in reader.pages]
    streams = [part.decode("latin-1") for part in _inflated(content)]
    return "\n".join([str(reader.metadata), *pages, *streams])
