"""The shipped programs are what the generator writes and promises, and their truth is found again:
in the shipped data, and over many seeds."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import yaml
from scipy import stats

import evaluasi_lib as el
from tests.synthetic import PROGRAMS, RAW, generate
from tests.synthetic.answers import set_apart
from tests.synthetic.recovery import recover

BY_HAND = {"program.yml", "rubrik.yml", "wawancara.csv", "penilaian_dokumen.csv"}
FOLDERS_BY_HAND = {"dokumen", "transkrip"}
SHIPPED = sorted([*PROGRAMS, "nsw-1976"])
NIP = r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d)(19|20)\d\d(0[1-9]|1[0-2])[12]9\d\d"
SEEDS = 60
# Of 60 intervals that cover with 95%, fewer than 50 do in 2 of 10,000 runs.
FEWEST_COVERING = int(stats.binom.ppf(2e-4, SEEDS, 0.95))
# The mean of 60 estimates strays by 1/sqrt(60) of their standard error; 4 of those and the tenth
# of a standard error that a bias may have.
LARGEST_BIAS = 0.1 + 4 / SEEDS**0.5


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in BY_HAND and path.parent.name not in FOLDERS_BY_HAND
    }


@pytest.mark.parametrize("program_id", PROGRAMS)
def test_generator_writes_the_shipped_files_byte_for_byte(program_id, tmp_path):
    generate(program_id, None, tmp_path)
    ours, shipped = files(tmp_path), files(RAW / program_id)
    assert list(ours) == list(shipped)
    assert [name for name in ours if ours[name] != shipped[name]] == []


def test_every_program_is_listed_and_says_whether_it_is_synthetic():
    listed = el.programs(data=RAW.parent).set_index("id")["data"]
    assert sorted(listed.index) == SHIPPED
    assert list(listed.index[listed == "nyata"]) == ["nsw-1976"]
    text = (RAW / "README.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert sorted(rows) == SHIPPED
    for program_id, row in rows.items():
        made = program_id != "nsw-1976"
        said = (RAW / program_id / "program.yml").read_text(encoding="utf-8")
        assert yaml.safe_load(said).get("synthetic", False) is made
        assert [word in said.splitlines()[0] for word in ("SINTETIS", "SYNTHETIC")] == [made] * 2
        assert ("SINTETIS" in row, "DATA NYATA" in row) == (made, not made)


def test_shipped_data_stay_small_and_git_leaves_their_line_ends_alone():
    """Else a checkout on Windows would change every checksum, and the comparison above."""
    sizes = {path: path.stat().st_size for path in RAW.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 4_000_000
    assert max(sizes.values()) < 2_000_000
    rules = (RAW.parents[1] / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "/data/raw/** -text" in rules


@pytest.mark.parametrize(
    ("file", "separator"),
    [("pelatihan-kepemimpinan-2025/daftar_pegawai.csv", ";"),
     ("elearning-asn-2025/peserta.csv", ",")],
)  # fmt: skip
def test_every_nip_is_invented_and_unique_in_its_first_15_digits(file, separator):
    nip = pd.read_csv(RAW / file, sep=separator, dtype=str)["NIP"].str.lstrip("'")
    assert all(re.fullmatch(NIP, text) for text in nip)
    assert nip.str[:15].is_unique


@pytest.mark.parametrize("program_id", ["pelatihan-kepemimpinan-2025", "elearning-asn-2025"])
def test_quotes_and_manual_codes_point_at_answers_and_no_approved_quote_names_a_person(program_id):
    folder = RAW / program_id
    declared = yaml.safe_load((folder / "program.yml").read_text(encoding="utf-8"))["sources"]
    quotes = pd.read_csv(folder / "kutipan.csv", dtype=str)
    assert len(pd.read_csv(folder / "kode_manual.csv", dtype=str)) >= 80
    assert set(quotes["status"]) == {"disetujui", "usulan"}
    approved = quotes.loc[quotes["status"].eq("disetujui"), "text"]
    assert len(approved) >= 8
    assert not approved.map(set_apart).any()
    for source, rows in quotes.groupby("source"):
        table = pd.read_csv(folder / declared[source]["file"], dtype=str)
        for quote in rows.itertuples():
            heading = declared[source]["columns"][quote.variable]["from"]
            assert table[heading].iloc[int(quote.row) - 1] == quote.text


@pytest.mark.parametrize("program_id", PROGRAMS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_intervals_cover_the_truth_over_many_seeds(program_id):
    table = recover(program_id, range(1, SEEDS + 1))
    assert (table["n"] >= 0.9 * SEEDS).all()
    assert (table["covered"] * table["n"] >= FEWEST_COVERING - (SEEDS - table["n"])).all(), table
    assert (table["bias_se"].abs() < LARGEST_BIAS).all(), table
