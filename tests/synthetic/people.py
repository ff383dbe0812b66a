"""Invented civil servants: names with titles, NIP of the right shape, grades in many spellings."""

from __future__ import annotations

import numpy as np

from tests.synthetic.draws import Rng


def _split(text: str) -> list[str]:
    return text.split()


_MALE = _split("""Agus Bambang Cahyo Dedi Eko Fajar Gunawan Hendra Irfan Joko Kurnia Lukman Muhammad
Nugroho Oscar Putu Rahmat Slamet Teguh Umar Wahyu Yusuf Zainal Made Andi Petrus Yohanes Rizky""")
_FEMALE = _split("""Ani Budiarti Citra Dewi Endang Fitri Galuh Hesti Indah Juwita Kartika Lestari
Maria Nurul Oktavia Puspita Ratna Sri Tuti Utami Wulan Yuliana Zahra Ni Andriani Rosalina Yosefina
Megawati""")
_LAST = _split("""Santoso Wibowo Pratama Siregar Nasution Hidayat Saputra Kusuma Lubis
Simanjuntak Setiawan Halim Tampubolon Rumbiak Wenda Latuconsina Manuputty Suryani Mahendra
Ginting Purnomo Rahman Syahputra Anwar Kurniawan Maulana Wijaya Suharto Lestaluhu Tandiono
Bauw Harahap Daulay Pane Hutapea""")
_BEFORE = ["", "", "", "", "Dr. ", "Ir. ", "Drs. ", "H. "]
_AFTER = [
    "",
    ", S.E.",
    ", S.Sos., M.Si.",
    ", S.H.",
    ", S.T., M.T.",
    ", S.Kom.",
    ", SE, MM",
    ", S.AP",
]
_GRADES = {
    "III/a": ["III/a", "Penata Muda (III/a)", "III a", "Penata Muda/ III.a"],
    "III/b": ["III/b", "Penata Muda Tk.I/ III/b", "III b", "Penata Muda Tingkat I (III/b)"],
    "III/c": ["III/c", "Penata (III/c)", "IIIc", "Penata / III-c"],
    "III/d": ["III/d", "Penata Tk. I (III/d)", "III d", "Penata Tingkat I/ III/d"],
    "IV/a": ["IV/a", "Pembina (IV/a)", "IV a", "Pembina/ IV.a"],
    "IV/b": ["IV/b", "Pembina Tk.I/ IV/b", "IV b", "Pembina Tingkat I (IV/b)"],
}


def names(rng: Rng, female: np.ndarray) -> np.ndarray:
    """Full names with academic titles."""
    made = []
    for is_female in female:
        first = rng.choice(_FEMALE if is_female else _MALE)
        before = str(rng.choice(_BEFORE)).replace("H. ", "Hj. " if is_female else "H. ")
        made.append(f"{before}{first} {rng.choice(_LAST)}{rng.choice(_AFTER)}")
    return np.array(made, dtype=object)


def nips(
    rng: Rng, age: np.ndarray, tenure: np.ndarray, female: np.ndarray, year: int
) -> np.ndarray:
    """NIP of 18 digits: birth, start, sex, sequence. The first 15 digits are unique.

    Sequence 9xx: the shape is right, the persons do not exist.
    """
    made: list[str] = []
    taken: set[str] = set()
    for a, t, is_female in zip(age, tenure, female, strict=True):
        while True:
            birth = f"{year - a}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"
            start = f"{year - t}{rng.choice([1, 3, 4, 12]):02d}"
            prefix = f"{birth}{start}{2 if is_female else 1}"
            if prefix not in taken:
                break
        taken.add(prefix)
        made.append(f"{prefix}{rng.integers(901, 1000)}")
    return np.array(made, dtype=object)


def typed_nips(rng: Rng, nip: np.ndarray, share: float = 0.25) -> np.ndarray:
    """NIP as people type them: blanks between the parts, an apostrophe, dots."""
    kind = np.where(rng.random(len(nip)) < share, rng.integers(0, 4, len(nip)), 9)
    out = nip.copy()
    for i, k in enumerate(kind):
        n = str(nip[i])
        parts = (n[:8], n[8:14], n[14], n[15:])
        if k == 0:
            out[i] = " ".join(parts)
        elif k == 1:
            out[i] = f"'{n}"
        elif k == 2:
            out[i] = f"{n}\u00a0"
        elif k == 3:
            out[i] = ".".join(parts)
    return out


def grades(rng: Rng, rank: np.ndarray) -> np.ndarray:
    """A grade for each rank 0-5 in one of its spellings."""
    spellings = list(_GRADES.values())
    return np.array([str(rng.choice(spellings[int(r)])) for r in rank], dtype=object)
