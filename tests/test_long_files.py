"""Files as agencies keep them: several waves in one, one group's persons alone, rows to leave out,
how it was before asked afterwards, logs without a heading that anybody knows."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import evaluasi_lib as el
from tests.cleaning_help import run, write

CODE = {"kode": {"from": "Kode", "type": "respondent_code"}}
ITEMS = {f"k{i}": {"from": f"K{i}", "type": "item"} for i in (1, 2, 3)}
SCORED = {
    "link": "respondent_code",
    "scales": {"lima": {"points": 5}},
    "instruments": {"mampu": {"label": "Kemampuan", "scale": "lima", "items": [*ITEMS]}},
}
OUTCOME = {"id": "mampu", "label": "Kemampuan", "level": "learning", "instrument": "mampu",
           "wave": "post", "unit": "poin", "sesoi": 0.3, "baseline_wave": "pre"}  # fmt: skip
YEARS = {"2023": "pre", "2024": "post"}
Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Writes a program below tmp_path; exit status and words of `evaluasi check`."""

    def checked(declared: dict[str, Any], files: dict[str, Any]) -> tuple[int, str]:
        write(tmp_path, declared, files)
        capsys.readouterr()
        status, out = run(tmp_path, "check"), capsys.readouterr()
        return status, out.out + out.err

    return checked


def row_of(words: str, *start: str) -> list[str]:
    """The cells of the line of check's table that begins so."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in words.splitlines()]
    (found,) = [cells[len(start) :] for cells in lines if tuple(cells[: len(start)]) == start]
    return found


def given(rng: random.Random, better: int = 0) -> str:
    start = rng.choice([2, 3])
    return ",".join(str(min(5, start + better + rng.choice([0, 0, 1]))) for _item in ITEMS)


def years(*waves: str) -> str:
    """A row for each of 30 persons and year: code, year, three answers, better by the year."""
    rng = random.Random(1)
    lines = ["Kode,Tahun,Status,K1,K2,K3"]
    for better, year in enumerate(waves):
        lines += [f"P{i:02d},{year},{'Hadir' if i else 'Batal'},{given(rng, better)}"
                  for i in range(30)]  # fmt: skip
    return "\n".join(lines) + "\n"


BOTH = years("2023", "2024")
ROSTER = {"file": "peserta.csv", "role": "roster", "columns": CODE}
PEOPLE = "Kode\n" + "".join(f"P{i:02d}\n" for i in range(30))


def long(columns: dict[str, Any] | None = None, **survey: Any) -> dict[str, Any]:
    """The declaration of a file of two waves, with these keys and columns of its source."""
    waves = {"column": "Tahun", "waves": YEARS}
    plain = {"file": "survei.csv", "wave_from": waves, "columns": CODE | ITEMS | (columns or {})}
    return SCORED | {"sources": {"survei": plain | survey}, "outcomes": [OUTCOME]}


LISTED = long() | {"roster": "peserta", "sources": {"peserta": ROSTER} | long()["sources"]}


def sizes(program: Any) -> dict[str, int]:
    return {name: len(table) for name, table in program.tables.items()}


def test_a_column_says_the_wave(check: Check, tmp_path: Path) -> None:
    status, words = check(long(), {"survei.csv": BOTH})
    assert status == 0, words
    assert row_of(words, "mampu", "sebelum") == ["30", "30", "30"]
    assert row_of(words, "mampu", "sebelum dan sesudah") == ["30", "30", "30"]
    program = el.open("uji", data=tmp_path)
    assert sizes(program) == {"survei_pre": 30, "survei_post": 30}
    effect = program.effects().iloc[0]
    assert (effect["estimator"], effect["n_program"]) == ("paired", 30)
    quality = program.result.quality
    assert (quality.rows_read, quality.rows_kept) == (60, 60)


def test_words_for_waves_match_whatever_their_case_and_an_outcome_names_the_file(
    check: Check,
) -> None:
    waves = {"column": "Tahun", "waves": {"pra": "pre", "pasca": "post"}}
    declared = long(wave_from=waves) | {"outcomes": [OUTCOME | {"source": "survei"}]}
    assert check(declared, {"survei.csv": years(" PRA", "Pasca ")})[0] == 0


def test_a_blank_wave_is_counted(check: Check, tmp_path: Path) -> None:
    assert check(long(), {"survei.csv": BOTH.replace("P06,2024", "P06,")})[0] == 0
    quality = el.open("uji", data=tmp_path).result.quality
    assert {c.rule: c.n for c in quality.changes}["wave_missing"] == 1
    assert (quality.rows_read, quality.rows_kept) == (60, 59)


def test_rules_leave_rows_out_and_say_how_many_and_why(check: Check, tmp_path: Path) -> None:
    rule = {"column": "status", "is_not": ["batal", "Gugur"], "reason": "membatalkan diri"}
    declared = long(rows=[rule, {"column": "Tahun", "is": [2023, 2024]}])
    text = years("2023", "2024", "2025").replace("Batal,", "Batal,rusak-")
    status, words = check(declared, {"survei.csv": text})
    assert status == 0, words
    assert "membatalkan diri" in words
    assert "Gugur" in words  # stands nowhere in the column
    quality = el.open("uji", data=tmp_path).result.quality
    assert sum(c.n for c in quality.changes if c.rule == "rule_left_out") == 32
    assert (quality.rows_read, quality.rows_kept) == (90, 58)  # no row is counted twice


def test_a_person_left_out_is_lost_and_not_forgotten(tmp_path: Path) -> None:
    lines = [f"survei,{row},orang,menarik persetujuan,Evaluator\n" for row in range(2, 9)]
    aside = HEAD + "".join(lines) + "survei,40,baris,ganda,Evaluator\n"
    files = {"survei.csv": BOTH, "peserta.csv": PEOPLE, "keluarkan.csv": aside}
    program = el.open("uji", data=write(tmp_path, LISTED, files))
    assert sizes(program) == {"peserta": 30, "survei_pre": 23, "survei_post": 22}
    measures = program.measures.set_index("id")["value"]
    assert measures["sample/flow/1/n"] == 30
    assert measures["evidence/mampu/attrition_overall_share"] == pytest.approx(8 / 30)
    quality = program.result.quality
    assert sum(c.n for c in quality.changes if c.rule == "left_out") == 15
    assert any("menarik persetujuan" in text for text in quality.problems)
    result = json.dumps([r.id for r in program.result.rows]) + " ".join(quality.problems)
    assert "P06" not in result


HEAD = "sumber,baris,cakupan,alasan,oleh\n"


def aside(line: str) -> dict[str, str]:
    return {"survei.csv": BOTH, "peserta.csv": PEOPLE, "keluarkan.csv": f"{HEAD}{line}\n"}


def test_the_rosters_own_row_takes_a_person_off_the_list(tmp_path: Path) -> None:
    root = write(tmp_path, LISTED, aside("peserta,7,orang,salah daftar,Evaluator"))
    found = sizes(el.open("uji", data=root))
    assert found == {"peserta": 29, "survei_pre": 29, "survei_post": 29}


def test_forgetting_a_person_takes_the_line_that_left_them_out_too(tmp_path: Path) -> None:
    root = write(tmp_path, long(), aside("survei,7,orang,menarik persetujuan,Evaluator"))
    arguments = ["--person", "P06", "--reason", "diminta", "--out", str(tmp_path / "laporan")]
    assert run(root, "forget", *arguments) == 0
    folder = root / "raw" / "uji"
    assert "survei" not in (folder / "keluarkan.csv").read_text(encoding="utf-8")
    assert "P06" not in (folder / "survei.csv").read_text(encoding="utf-8")


# --- One group's persons in a file of their own --------------------------------------------------


def two_files(groups: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Declaration and files of both waves of both groups, each in a file of its own."""
    rng, sources, files = random.Random(2), {}, {}
    for name, group in (("peserta", "program"), ("pembanding", "comparison")):
        for wave in ("pre", "post"):
            before, file = wave == "pre", f"{name}_{wave}.csv"
            age = {"usia": {"from": "Usia", "type": "number"}} if before else {}
            source = {"file": file, "wave": wave, "columns": CODE | ITEMS | age}
            sources[f"{name}_{wave}"] = source | ({"group": group} if groups else {})
            gain = int(name == "peserta" and not before)
            rows = [f"{name}{i:02d},{given(rng, gain)},{30 + i % 20}" for i in range(40)]
            files[file] = "\n".join(["Kode,K1,K2,K3,Usia", *rows])
    design = {"type": "comparison", "covariates": ["usia"]}
    return SCORED | {"design": design, "sources": sources, "outcomes": [OUTCOME]}, files


def test_a_file_holds_one_groups_persons(check: Check, tmp_path: Path) -> None:
    status, words = check(*two_files(groups=True))
    assert status == 0, words
    assert row_of(words, "mampu", "sesudah") == ["80", "80", "40", "40"]
    effect = el.open("uji", data=tmp_path).effects().iloc[0]
    assert effect["estimator"] == "drdid"  # so the covariate is known of both groups
    assert (effect["n_program"], effect["n_comparison"]) == (40, 40)
    assert effect["estimate"] > 0.5


# --- How it was before, asked afterwards ---------------------------------------------------------


def remembered(**more: Any) -> dict[str, Any]:
    then = {f"d{i}": {"from": f"D{i}", "type": "item"} for i in (1, 2, 3)}
    before = {"label": "Kemampuan sebelum program", "scale": "lima", "items": [*then]}
    path = {"jalur": {"from": "J", "type": "category", "categories": {"a": "a", "b": "b"}}}
    source = {"file": "survei.csv", "wave": "post", "columns": ITEMS | then | path}
    plain = {k: v for k, v in OUTCOME.items() if k != "baseline_wave"}
    return SCORED | {
        "link": "anonymous",
        "sources": {"survei": source},
        "instruments": SCORED["instruments"] | {"dulu": before},
        "outcomes": [plain | {"baseline_instrument": "dulu"} | more],
    }  # fmt: skip


def both_asked() -> dict[str, str]:
    rng = random.Random(3)
    rows = [f"{given(rng, 1)},{given(rng)},{'ab'[i % 2]}" for i in range(80)]
    return {"survei.csv": "\n".join(["K1,K2,K3,D1,D2,D3,J", *rows])}


def test_what_rests_on_memory_says_so(check: Check, tmp_path: Path) -> None:
    status, words = check(remembered(retrospective=True), both_asked())
    assert status == 0, words
    assert row_of(words, "mampu", "sebelum (ingatan)") == ["80", "80", "80"]
    program = el.open("uji", data=tmp_path)
    effect = program.effects().iloc[0]
    assert (effect["estimator"], effect["n_program"]) == ("paired", 80)  # though anonymous
    assert "evidence/mampu/threats/retrospective" in set(program.measures["id"])
    text = "".join(chapter._repr_html_() for chapter in program.report())
    assert "prates retrospektif" in text
    assert "diukur sebelum dan sesudah" not in text


@pytest.mark.parametrize(
    ("kind", "estimator", "sms"), [("comparison", "did", 2), ("randomised", "difference", 5)]
)
def test_memory_carries_no_more_than_a_weak_claim_and_of_lots_nothing(
    kind: str, estimator: str, sms: int, tmp_path: Path
) -> None:
    group = {"variable": "jalur", "program": ["a"], "comparison": ["b"]}
    declared = remembered(retrospective=True) | {"design": {"type": kind, "group": group}}
    program = el.open("uji", data=write(tmp_path, declared, both_asked()))
    assert program.effects()["estimator"].tolist() == [estimator]
    rows = program.measures.set_index("id")["value"]
    assert ("evidence/mampu/threats/retrospective" in rows) == (kind == "comparison")
    assert rows["evidence/mampu/maryland_sms"] == sms


# --- Logs and dates ------------------------------------------------------------------------------

LOG = {
    "link": "respondent_code",
    "sources": {"peserta": ROSTER,
                "log": {"file": "log.csv", "role": "events", "columns": CODE}},
    "roster": "peserta",
    "elearning": {"events": "log"},
}  # fmt: skip


def log_file(heading: str, when: str, extra: str = "") -> dict[str, str]:
    lines = [f"Kode,{heading},module" + (",Tanggal lahir" if extra else "")]
    for i in range(30):
        lines += [f"P{i:02d},{when.format(d=1 + i % 20, h=8 + m)},M{m}{extra}" for m in (1, 2)]
    return {"peserta.csv": PEOPLE, "log.csv": "\n".join(lines)}


@pytest.mark.parametrize("heading", ["Kapan", "Jam dibuka", "timestamp", "Waktu"])
def test_the_time_of_a_log_is_found_whatever_its_heading(heading: str, tmp_path: Path) -> None:
    when = "{d} Mei 2025 0{h}:15" if heading == "Kapan" else "{d}/5/2025 {h}:15"
    root = write(tmp_path, LOG, log_file(heading, when, extra=",1990-05-01"))
    assert el.open("uji", data=root).measures.set_index("id")["value"]["elearning/users"] == 30


@pytest.mark.parametrize("end", ["\r", "\r\n", "mixed"])
def test_every_kind_of_line_end_is_read(end: str, tmp_path: Path) -> None:
    text = BOTH.replace("\n", "\r", 20) if end == "mixed" else BOTH.replace("\n", end)
    root = write(tmp_path, long(), {"survei.csv": b"\xef\xbb\xbf" + text.encode()})
    assert len(el.open("uji", data=root).tables["survei_post"]) == 30


def test_a_correction_names_the_file_as_program_yml_does(check: Check, tmp_path: Path) -> None:
    old = BOTH.splitlines()[33].split(",")[3]
    lines = f"survei,33,k1,{old},5,salah ketik,E\nsurvei,34,k2,9,5,tidak ada,E\n"
    head = "sumber,baris,kolom,lama,baru,alasan,oleh\n"
    status, words = check(long(), {"survei.csv": BOTH, "koreksi.csv": head + lines})
    assert status == 0, words
    assert [len(re.findall(rf"koreksi\.csv, baris {n}\b", words)) for n in (1, 2)] == [0, 1]
    table = el.open("uji", data=tmp_path).tables["survei_post"].set_index("row")
    assert table.loc[33, "k1"] == 5


# --- What is refused, and said once --------------------------------------------------------------

NO_YEAR = "tanggal tanpa tahun"
DATED = {"sources": {"data": {"file": "data.csv", "columns": {
    "tanggal": {"from": "Tanggal", "type": "date"}}}}}  # fmt: skip
ONE_DATE = log_file("Waktu", "{d}/5/2025 {h}:15")
ONE_DATE["log.csv"] += "\nP01,3 Mei 10:15,M1"
LATER = {"column": "Tahun", "waves": YEARS | {"2025": "followup"}}
ABSENT = {"wajib": {"from": "Tidak ada", "type": "number", "required": True}}
NOT_2025 = [{"column": "Tahun", "is": [2023, 2024]}]
NAMED = [{"column": "kode", "is_not": "P05"}]
REFUSED: list[tuple[dict[str, Any], dict[str, str], Sequence[str]]] = [
    (long(), {"survei.csv": BOTH.replace("P05,2024", "P05,2O24")}, ["2O24", "“2024”"]),
    (long() | {"roster": "survei"}, {"survei.csv": BOTH}, ["survei_pre"]),
    # a wave of which no row is left; a rule that would name a person
    (long(wave_from=LATER, rows=NOT_2025), {"survei.csv": years("2023", "2024", "2025")}, []),
    (long(rows=NAMED), {"survei.csv": BOTH}, ["keluarkan.csv"]),
    # lines that leave nobody out
    (long(), aside("survei,99,orang,sebab,Evaluator"), ["99", "keluarkan.csv"]),
    (long(), aside("survei,7,semua,sebab,Evaluator"), ["semua", "keluarkan.csv"]),
    (long(), aside("survei,7,orang,,Evaluator"), ["alasan", "keluarkan.csv"]),
    (long(), aside("surve,7,orang,sebab,Evaluator"), ["survei", "keluarkan.csv"]),
    (*two_files(groups=False), ["“group”"]),
    (remembered(), both_asked(), ["retrospective: true"]),
    (LOG, log_file("Waktu", "{d} Mei {h}:15"), [NO_YEAR]),
    (LOG, log_file("Waktu", "{d}/05 {h}:15"), [NO_YEAR]),
    (LOG, log_file("Waktu", "Mei {d}"), [NO_YEAR]),
    (LOG, ONE_DATE, [NO_YEAR]),  # one date without a year among others would be dropped
    (DATED, {"data.csv": "Tanggal,X\n12 Mei,1\n3/5/2025,2\n"}, [NO_YEAR]),
    # what is wrong with a file of several waves
    (long({"k1": {"from": "K9", "type": "item"}}), {"survei.csv": BOTH}, ["K9"]),
    (long({"k1": ITEMS["k1"] | {"scale": "enam"}}), {"survei.csv": BOTH},
     ["enam", "sources.survei.columns.k1"]),
    (long(file="surve.csv"), {"survei.csv": BOTH}, ["surve.csv"]),
    (long(ABSENT), {"survei.csv": BOTH}, ["Tidak ada"]),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "files", "told"), REFUSED)
def test_what_cannot_be_meant_is_refused(
    declared: dict[str, Any], files: dict[str, str], told: Sequence[str], check: Check
) -> None:
    status, words = check(declared, files)
    assert status == 1
    assert "[1/1]" in words, "told once"
    assert all(text in words for text in told), words
    assert "P05" not in words
