"""The whole way from raw to processed: swapped in whole, stale when anything changed, private."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder, load_program
from evaluasi_lib.cleaning import manifest
from evaluasi_lib.cleaning.pipeline import clean_program, is_stale
from evaluasi_lib.folders import swap_in
from evaluasi_lib.wording import code_words
from tests.cleaning_help import BASE, folder_with, problems_of

LIBRARY = Path(manifest.__file__).resolve().parent.parent
LABELS = ["Tidak Setuju", "Kurang Setuju", "Setuju", "Sangat Setuju"]
ITEMS = ["a", "b", "c"]
DECLARED = BASE | {
    "link": "nip",
    "roster": "peserta",
    "sources": {
        "peserta": {
            "file": "peserta.csv",
            "role": "roster",
            "columns": {
                "nip": {"from": "NIP", "type": "nip"},
                "nama": {"from": "Nama", "type": "name"},
                "surel": {"from": "Surel", "type": "email"},
                "hp": {"from": "HP", "type": "phone"},
                "unit": {"from": "Unit", "type": "category"},
                "catatan": {"from": "Catatan"},
            },
        },
        "survei": {
            "file": "survei.csv",
            "wave": "post",
            "duplicates": {"keep": "last", "order_by": "waktu"},
            "columns": {
                "waktu": {"from": "Stempel waktu", "type": "date"},
                "nip": {"from": "NIP", "type": "nip"},
                **{i: {"from": i.upper(), "type": "item", "scale": "setuju"} for i in ITEMS},
                "saran": {"from": "Saran", "type": "open"},
            },
        },
    },
    "scales": {"setuju": {"labels": LABELS}},
    "instruments": {
        "puas": {"label": "Puas", "scale": "setuju", "items": ITEMS, "reversed": ["c"]}
    },
}
PEOPLE = [
    ("198609262015051001", "Dr. Budi Santoso, M.Si.", "budi@contoh.go.id", "0812-3456-7890"),
    ("199001012015032002", "Siti Aminah", "siti@contoh.go.id", "+62 813 1111 2222"),
    ("198505052010121003", "Suharto", "suharto@contoh.go.id", "021 555 12345"),
]


def roster() -> str:
    notes = ["atasan Budi Santoso", "hadir", "telp 081234567890"]
    lines = ["NIP,Nama,Surel,HP,Unit,Catatan"]
    for (nip, name, mail, phone), note in zip(PEOPLE, notes, strict=True):
        lines.append(f'{nip},"{name}",{mail},{phone},Biro Umum,{note}')
    return "\n".join(lines) + "\n"


def survey(rows: list[tuple[int, int, tuple[int, ...]]]) -> str:
    """rows: (person, minute, answers as indexes of LABELS)."""
    lines = ["Stempel waktu,NIP,A,B,C,Saran"]
    for person, minute, answers in rows:
        time = f"2025-02-03 {minute // 60:02d}:{minute % 60:02d}:00"
        said = f"kata {PEOPLE[person][1].split(',')[0]}"
        lines.append(
            ",".join([time, PEOPLE[person][0], *(LABELS[a] for a in answers), f'"{said}"'])
        )
    return "\n".join(lines) + "\n"


ROWS = [(0, 1, (0, 1, 3)), (1, 2, (2, 2, 0)), (0, 3, (3, 3, 3)), (2, 4, (1, 0, 2))]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    return folder_with(tmp_path, DECLARED, {"peserta.csv": roster(), "survei.csv": survey(ROWS)})


def content(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def numbers(folder: Path) -> pd.DataFrame:
    """What is numeric or selected in the survey, without rows, pseudonyms and their order."""
    table = pd.read_parquet(folder / "survei.parquet").drop(columns=["row", "pid"])
    return table.sort_values(list(table.columns)).reset_index(drop=True)


def test_cleaning_twice_gives_the_same_bytes_and_raw_stays_as_it_was(made) -> None:
    data, program = made
    raw = content(data.raw("uji"))
    first = content(clean_program(program, data))
    assert content(clean_program(program, data, force=True)) == first
    assert content(data.raw("uji")) == raw
    inputs = json.loads((data.processed("uji") / "manifest.json").read_text("utf-8"))["inputs"]
    assert {i["path"]: i["sha256"] for i in inputs} == {f"uji/{n}": h for n, h in raw.items()}


def test_processed_data_are_stale_when_a_raw_file_changes_and_only_then(made) -> None:
    data, program = made
    assert is_stale(program, data)
    clean_program(program, data)
    assert not is_stale(program, data)
    path = data.raw("uji") / "survei.csv"
    path.write_text(survey(ROWS).replace("Setuju,", "Setuju ,", 1), encoding="utf-8")
    assert is_stale(program, data)
    clean_program(program, data)
    assert not is_stale(program, data)
    (data.raw("uji") / "tambahan.txt").write_text("x")
    assert is_stale(program, data)


def test_a_failing_program_leaves_the_old_processed_folder_alone(made) -> None:
    data, program = made
    before = content(clean_program(program, data))
    path = data.raw("uji") / "survei.csv"
    path.write_text(survey(ROWS).replace("Kurang Setuju", "Entah"), encoding="utf-8")
    with pytest.raises(el.EvaluationError, match="Entah"):
        clean_program(program, data)
    assert content(data.processed("uji")) == before
    assert [p.name for p in data.processed("uji").parent.iterdir()] == ["uji"], "no remains"


def test_checking_finds_every_problem_at_once_and_changes_nothing(made) -> None:
    data, _program = made
    (data.raw("uji") / "peserta.csv").unlink()
    path = data.raw("uji") / "survei.csv"
    text = survey(ROWS).replace("Kurang Setuju", "Entah").replace("2025-02-03 00:01", "kemarin")
    path.write_text(text, encoding="utf-8")
    problems = problems_of(data)
    assert len(problems) == 4
    assert not data.processed("uji").exists()
    assert not any(name.split(",")[0] in str(p) for p in problems for _n, name, _m, _t in PEOPLE)


def test_jobs_that_clean_at_once_all_end_with_the_whole_folder(made) -> None:
    data, program = made
    failures: list[Exception] = []

    def job() -> None:
        try:
            clean_program(program, data)
        except Exception as error:
            failures.append(error)

    jobs = [threading.Thread(target=job) for _ in range(4)]
    for thread in jobs:
        thread.start()
    for thread in jobs:
        thread.join()
    assert failures == []
    assert not is_stale(program, data)
    assert [p.name for p in data.processed("uji").parent.iterdir()] == ["uji"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    old, new = tmp_path / "target", tmp_path / "work"
    for folder, name in ((old, "old"), (new, "new")):
        folder.mkdir()
        (folder / name).write_text(name)
    swap_in(new, old)
    assert [p.name for p in tmp_path.iterdir()] == ["target"]
    assert [p.name for p in old.iterdir()] == ["new"]


def test_the_call_can_be_sent_to_a_worker(made) -> None:
    data, program = made
    function, arguments = pickle.loads(pickle.dumps((clean_program, (program, data))))
    assert (function(*arguments) / "survei.parquet").is_file()


def test_dtypes_are_those_that_scoring_reads(made) -> None:
    data, _program = made
    study = el.open("uji", data=data)
    table = study.tables["survei"]
    assert list(table) == ["row", "pid", "waktu", *ITEMS]
    assert table["row"].tolist() == [2, 3, 4], "the later answer of the first person is kept"
    assert table["c"].tolist() == [4.0, 1.0, 2.0], "reversed once"
    assert str(table["waktu"].dtype).startswith("datetime64")
    assert study.tables["peserta"]["unit"].dtype == "category"
    texts = pd.read_parquet(data.processed("uji") / "restricted" / "survei.parquet")
    assert list(texts) == ["row", "pid", "variable", "text"]


def test_no_identifier_leaves_cleaning_outside_the_restricted_table(made) -> None:
    data, program = made
    folder = clean_program(program, data)
    words = [w for nip, name, mail, phone in PEOPLE for w in (nip, mail, phone)]
    words += ["Budi Santoso", "Siti Aminah", "Suharto"]
    for path in folder.rglob("*"):
        if path.is_dir() or path.parent.name == "restricted":
            continue
        if path.suffix == ".parquet":
            texts = pd.read_parquet(path).drop(columns=["pid"], errors="ignore")
            texts = texts.select_dtypes(exclude=["number", "datetime"]).astype(str)
            text = "\n".join(map(str, texts.to_numpy().ravel()))
            assert not re.search(r"\d{15}|@", text), path.name
        else:
            text = path.read_text(encoding="utf-8")
        assert not [w for w in words if w.lower() in text.lower()], path.name
    assert "Budi" in " ".join(pd.read_parquet(folder / "restricted" / "survei.parquet")["text"])


def test_translations_tell_how_each_label_was_read_and_keep_no_text_of_a_person(made) -> None:
    data, _program = made
    path = data.raw("uji") / "survei.csv"
    path.write_text(survey(ROWS).replace(",Sangat Setuju,", ", sangat  setuju,"), encoding="utf-8")
    study = el.open("uji", data=data)
    table = study.translations
    assert list(table) == ["source", "variable", "text", "n", "first_row", "value", "rule"]
    turned = table[(table["variable"] == "c") & table["text"].notna()].set_index("text")
    assert turned["value"].to_dict()["Tidak Setuju"] == "4.0", "an item that is turned"
    spelled = table[table["text"] == " sangat  setuju"]
    assert set(spelled["rule"]) == {"spaces_trimmed"}
    assert dict(zip(spelled["variable"], spelled["value"], strict=True)).items() <= {
        "a": "4.0", "b": "4.0", "c": "1.0"
    }.items()  # fmt: skip
    free = table[table["variable"].isin(["unit", "catatan", "saran", "waktu"])]
    assert len(free)
    assert free["text"].isna().all()
    assert free["value"].isna().all()
    assert not set(table["variable"]) & {"nip", "nama", "surel", "hp"}
    rules = table[table["rule"] != ""].groupby(["source", "rule"])["n"].sum()
    told = {(c.table, c.rule): c.n for c in study.result.quality.changes}
    assert {key: told[key] for key in rules.index} == rules.to_dict()


def test_counts_add_up_and_every_rule_and_note_has_words(made) -> None:
    quality = el.open("uji", data=made[0]).result.quality
    dropped = sum(c.n for c in quality.changes if c.rule.endswith("_dropped"))
    assert quality.rows_read - quality.rows_kept == dropped == 1
    for change in quality.changes:
        assert change.rule in code_words()["rule"]
    assert all("{" not in text for text in quality.problems)


def test_the_codebook_tells_question_labels_and_how_full_each_column_is(made) -> None:
    data, program = made
    folder = clean_program(program, data)
    table = el.open("uji", data=data).codebook.set_index("variable")
    assert table.loc["c", "labels"].startswith("1 = Tidak Setuju")
    assert table.loc["c", "from"] == "C"
    assert (table.loc["a", "n"], table.loc["a", "n_missing"]) == (3, 0)
    assert "nip" not in table.index
    assert "| a |" in (folder / "kodebuku.md").read_text(encoding="utf-8")
    assert (folder / "codebook.md").is_file()


def test_the_key_changes_pseudonyms_and_nothing_else(made, monkeypatch) -> None:
    data, program = made
    first = clean_program(program, data)
    before, pids = numbers(first), pd.read_parquet(first / "survei.parquet")["pid"]
    monkeypatch.setenv("EVALUASI_KEY", "another")
    again = clean_program(program, data, force=True)
    pd.testing.assert_frame_equal(numbers(again), before)
    assert not set(pids) & set(pd.read_parquet(again / "survei.parquet")["pid"])


answers = st.tuples(*[st.integers(0, 3)] * 3)
many = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300), answers), min_size=1, max_size=12)


@given(rows=many, seed=st.randoms(use_true_random=False))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_order_of_rows_changes_the_inputs_alone(rows, seed, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    shuffled = list(rows)
    seed.shuffle(shuffled)
    found = []
    for name, order in (("one", rows), ("other", shuffled)):
        data, program = folder_with(
            tmp_path / name, DECLARED, {"peserta.csv": roster(), "survei.csv": survey(order)}
        )
        folder = clean_program(program, data, force=True)
        quality = json.loads((folder / "manifest.json").read_text("utf-8"))["quality"]
        found.append((numbers(folder), quality))
    pd.testing.assert_frame_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    dropped = sum(c["n"] for c in found[0][1]["changes"] if c["rule"].endswith("_dropped"))
    assert found[0][1]["rows_read"] - found[0][1]["rows_kept"] == dropped


SHIPPED = Path(__file__).resolve().parents[1] / "data"


@pytest.mark.parametrize("program_id", DataFolder(SHIPPED).program_ids)
def test_shipped_programs_have_no_problems_and_leak_no_identifier(
    program_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / program_id).symlink_to(SHIPPED / "raw" / program_id, target_is_directory=True)
    data = DataFolder.at(tmp_path)
    program = load_program(data.raw(program_id))
    folder = clean_program(program, data)
    for path in folder.glob("*.parquet"):
        frame = pd.read_parquet(path)
        texts = frame.select_dtypes(include=["str", "object", "category"]).drop(columns="pid")
        for name, column in texts.items():
            text = "\n".join(map(str, column.dropna().unique()))
            assert not re.search(r"\d{15,}|\w@\w", text), f"{path.name}: {name}"


def test_a_change_of_any_code_that_makes_the_tables_makes_them_stale(
    made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, program = made
    copy = tmp_path / "copy" / LIBRARY.name
    shutil.copytree(LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(manifest, "code_digest", lambda: manifest.digest_of(copy))
    clean_program(program, data)
    files = manifest.code_files(copy)
    assert len(files) > 20
    for path in files:
        assert not is_stale(program, data), path
        text = path.read_bytes()
        path.write_bytes(text + b"\n# another reading\n")
        assert is_stale(program, data), path
        path.write_bytes(text)
    report = copy / "reporting" / "theme.py"
    report.write_bytes(report.read_bytes() + b"\n# another colour\n")
    assert not is_stale(program, data), "what only measures or reports leaves tables as they are"


def test_what_cleaning_loads_is_what_makes_its_tables_stale(tmp_path: Path) -> None:
    """Seen from outside: the modules of this library that a cleaning process has really loaded."""
    for name in ("pelatihan-kepemimpinan-2025", "elearning-asn-2025"):
        shutil.copytree(LIBRARY.parent / "data" / "raw" / name, tmp_path / "raw" / name)
    script = """
import sys
from pathlib import Path
from evaluasi_lib.cleaning.pipeline import clean_program
from evaluasi_lib.check import DataFolder, load_program
data = DataFolder.at(sys.argv[1])
for name in data.program_ids:
    clean_program(load_program(data.raw(name)), data)
print(*(m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "evaluasi_lib"), sep="|")
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=LIBRARY.parent, encoding="utf-8"
    )
    loaded = {Path(file).resolve() for file in run.stdout.strip().split("|")}
    assert loaded - set(manifest.code_files()) == set()
    assert {"documents.py", "voices.py"} <= {p.name for p in loaded}
