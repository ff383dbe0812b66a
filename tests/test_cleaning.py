"""The whole way from raw to processed: swapped in whole, stale when anything changed, private."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluasi_lib as el
from evaluasi_lib.wording import code_words
from tests.cleaning_help import problems_of, run, write
from tests.made_studies import make_study
from tests.made_studies import survey as survey_of

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "tests" / "data" / "roster_and_survey"
DECLARED = yaml.safe_load((HERE / "declare.yml").read_text("utf-8"))
LABELS = DECLARED["scales"]["setuju"]["labels"]
ROSTER = (HERE / "peserta.csv").read_text("utf-8")
NIPS = [line.partition(",")[0] for line in ROSTER.splitlines()[1:]]
NAMES = ["Budi Santoso", "Siti Aminah", "Suharto"]


def survey(rows: list[tuple[int, int, tuple[int, ...]]]) -> str:
    """rows: (person, minute, answers as indexes of LABELS)."""
    lines = ["Stempel waktu,NIP,A,B,C,Saran"]
    for person, minute, answers in rows:
        time = f"2025-02-03 {minute // 60:02d}:{minute % 60:02d}:00"
        labels = ",".join(LABELS[a] for a in answers)
        lines.append(f"{time},{NIPS[person]},{labels},kata {NAMES[person]}")
    return "\n".join(lines) + "\n"


SURVEY = survey([(0, 1, (0, 1, 3)), (1, 2, (2, 2, 0)), (0, 3, (3, 3, 3)), (2, 4, (1, 0, 2))])
BROKEN = SURVEY.replace("Kurang Setuju", "Entah").replace("2025-02-03 00:01", "kemarin")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write(tmp_path, DECLARED, {"peserta.csv": ROSTER, "survei.csv": SURVEY})


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_cleaning_twice_gives_the_same_bytes_and_raw_stays_as_it_was(made: Path) -> None:
    raw = content(made / "raw")
    assert run(made, "clean") == 0
    first = content(made / "processed")
    assert run(made, "clean") == 0
    assert content(made / "processed") == first
    assert content(made / "raw") == raw
    inputs = json.loads(first["uji/manifest.json"])["inputs"]
    assert {i["path"]: i["bytes"] for i in inputs} == {n: len(text) for n, text in raw.items()}


def opened(root: Path) -> int:
    """When the tables were made that opening the program gives."""
    el.open("uji", data=root)
    return (root / "processed" / "uji" / "manifest.json").stat().st_mtime_ns


def test_tables_are_made_again_when_a_raw_file_or_the_key_changes_and_only_then(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(made)
    assert opened(made) == first
    write(made, DECLARED, {"survei.csv": SURVEY.replace("Setuju,", "Setuju ,", 1)})
    second = opened(made)
    assert second > first
    write(made, DECLARED, {"tambahan.txt": "x"})
    third = opened(made)
    assert third > second
    monkeypatch.setenv("EVALUASI_KEY", "another")
    assert opened(made) > third


def test_checking_finds_every_problem_at_once_and_changes_nothing(made: Path) -> None:
    (made / "raw" / "uji" / "peserta.csv").unlink()
    write(made, DECLARED, {"survei.csv": BROKEN})
    problems = problems_of(made)
    assert len(problems) == 4
    assert not (made / "processed").exists()
    assert not any(name in str(problems) for name in NAMES)


def test_a_failing_program_leaves_the_old_processed_folder_alone(made: Path) -> None:
    assert run(made, "clean") == 0
    before = content(made / "processed")
    write(made, DECLARED, {"survei.csv": BROKEN})
    with pytest.raises(el.EvaluationError, match="Entah"):
        el.open("uji", data=made)
    assert content(made / "processed") == before, "nor are there remains"


def test_jobs_that_clean_at_once_all_end_with_the_whole_folder(made: Path) -> None:
    statuses: list[int] = []
    jobs = [
        threading.Thread(target=lambda: statuses.append(run(made, "clean"))) for _job in range(4)
    ]
    for thread in jobs:
        thread.start()
    for thread in jobs:
        thread.join()
    assert statuses == [0] * 4
    assert [p.name for p in (made / "processed").iterdir()] == ["uji"]
    assert opened(made) == opened(made)


def test_tables_counts_and_codebook_are_those_of_the_files(made: Path) -> None:
    program = el.open("uji", data=made)
    table = program.tables["survei"]
    assert list(table) == ["row", "pid", "waktu", "a", "b", "c"]
    assert table["row"].tolist() == [2, 3, 4], "the later answer of the first person is kept"
    assert table["c"].tolist() == [4.0, 1.0, 2.0], "reversed once"
    assert str(table["waktu"].dtype).startswith("datetime64")
    assert program.tables["peserta"]["unit"].dtype == "category"
    texts = pd.read_parquet(made / "processed" / "uji" / "restricted" / "survei.parquet")
    assert list(texts) == ["row", "pid", "variable", "text"]
    quality = program.result.quality
    dropped = sum(c.n for c in quality.changes if c.rule.endswith("_dropped"))
    assert quality.rows_read - quality.rows_kept == dropped == 1
    assert {change.rule for change in quality.changes} <= set(code_words()["rule"])
    assert all("{" not in text for text in quality.problems)
    book = program.codebook.set_index("variable")
    assert book.loc["c", "labels"].startswith("1 = Tidak Setuju")
    assert book.loc["c", "from"] == "C"
    assert (book.loc["a", "n"], book.loc["a", "n_missing"]) == (3, 0)
    assert "nip" not in book.index
    for name in ("kodebuku.md", "codebook.md"):
        assert "| a |" in (made / "processed" / "uji" / name).read_text(encoding="utf-8")


def test_translations_tell_how_each_label_was_read_and_keep_no_text_of_a_person(
    made: Path,
) -> None:
    spelled = SURVEY.replace(",Sangat Setuju,", ", sangat  setuju,")
    write(made, DECLARED, {"survei.csv": spelled})
    program = el.open("uji", data=made)
    table = program.translations
    assert list(table) == ["source", "variable", "text", "n", "first_row", "value", "rule"]
    turned = table[(table["variable"] == "c") & table["text"].notna()].set_index("text")
    assert turned["value"].to_dict()["Tidak Setuju"] == "4.0", "an item that is turned"
    trimmed = table[table["text"] == " sangat  setuju"].set_index("variable")
    assert set(trimmed["rule"]) == {"spaces_trimmed"}
    assert trimmed["value"].to_dict() == {"a": "4.0", "c": "1.0"}
    free = table[table["variable"].isin(["unit", "catatan", "saran", "waktu"])]
    assert len(free)
    assert free[["text", "value"]].isna().all(axis=None)
    assert not set(table["variable"]) & {"nip", "nama", "surel"}
    rules = table[table["rule"] != ""].groupby(["source", "rule"])["n"].sum()
    told = {(c.table, c.rule): c.n for c in program.result.quality.changes}
    assert {key: told[key] for key in rules.index} == rules.to_dict()


answers = st.tuples(*[st.integers(0, 3)] * 3)
many = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300), answers), min_size=1, max_size=12)


@given(rows=many, seed=st.randoms(use_true_random=False))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_order_of_rows_changes_the_inputs_alone(rows, seed, tmp_path) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)
    found = []
    for name, order in (("one", rows), ("other", shuffled)):
        write(tmp_path / name, DECLARED, {"peserta.csv": ROSTER, "survei.csv": survey(order)})
        assert run(tmp_path / name, "clean") == 0
        folder = tmp_path / name / "processed" / "uji"
        quality = json.loads((folder / "manifest.json").read_text("utf-8"))["quality"]
        table = pd.read_parquet(folder / "survei.parquet").drop(columns=["row", "pid"])
        found.append((table.sort_values(list(table), ignore_index=True), quality))
    pd.testing.assert_frame_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    dropped = sum(c["n"] for c in found[0][1]["changes"] if c["rule"].endswith("_dropped"))
    assert found[0][1]["rows_read"] - found[0][1]["rows_kept"] == dropped


# --- Code that makes tables ----------------------------------------------------------------------


def python(code: str, *arguments: object, library: Path = ROOT, **place: str) -> str:
    """What a process prints that has the library of a folder."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    place = os.environ | {"PYTHONPATH": str(library)} | place
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=place,
                          cwd=library, encoding="utf-8")  # fmt: skip
    return done.stdout.strip()


def test_a_change_of_code_that_makes_tables_makes_them_anew(made: Path, tmp_path: Path) -> None:
    """In a copy of the library: a reader that cleaning imports inside a function counts, a page of
    the report does not."""
    copy = tmp_path / "copy"
    leave = shutil.ignore_patterns("__pycache__", "locale")
    shutil.copytree(ROOT / "evaluasi_lib", copy / "evaluasi_lib", ignore=leave)
    manifest = made / "processed" / "uji" / "manifest.json"
    times = []
    for changed in (None, "reading/voices.py", "cleaning/vocabulary.yml", "reporting/theme.py"):
        if changed:
            with (copy / "evaluasi_lib" / changed).open("a", encoding="utf-8") as file:
                file.write("\n# another reading\n")
        code = "import sys, evaluasi_lib as el; el.open('uji', 'en', sys.argv[1])"
        python(code, made, library=copy)
        times.append(manifest.stat().st_mtime_ns)
    assert times[0] < times[1] < times[2] == times[3]


def test_what_cleaning_loads_is_what_makes_its_tables_stale(tmp_path: Path) -> None:
    """No public name tells which files count, so this asks the manifest; and it cleans by the inner
    function, since the door loads more than cleaning does."""
    for name in ("pelatihan-kepemimpinan-2025", "elearning-asn-2025"):
        shutil.copytree(ROOT / "data" / "raw" / name, tmp_path / "raw" / name)
    script = """
import sys
from evaluasi_lib.cleaning.pipeline import clean_program
from evaluasi_lib.check import DataFolder, load_program
data = DataFolder.at(sys.argv[1])
for name in data.program_ids:
    clean_program(load_program(data.raw(name)), data)
loaded = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "evaluasi_lib"]
from evaluasi_lib.cleaning import manifest
print(*loaded, "", *manifest.code_files(), sep="|")
"""
    loaded, counted = (p.split("|") for p in python(script, tmp_path).split("||"))
    assert {Path(p).resolve() for p in loaded} <= {Path(p).resolve() for p in counted}
    assert {"pipeline.py", "documents.py", "voices.py"} <= {Path(p).name for p in loaded}


# --- Pseudonyms ----------------------------------------------------------------------------------

SPELLINGS = [
    "198609262015051001", "'198609262015051001", "19860926 201505 1 001", "19860926.201505.1.001",
    "NIP. 198609262015051001", "198609262015051001.0", "19860926\u00a02015051001",
    "1.98609262015051E+17", "1,98609262015051E+17",
]  # fmt: skip


def pids(codes: list[str], kind: str = "code", **how: str) -> list[str]:
    return list(el.pseudonymise(pd.DataFrame({"k": codes}), "k", kind=kind, **how)["pid"])


@pytest.mark.parametrize(
    ("kind", "spellings", "other"),
    [("nip", SPELLINGS, "199001012015032002"), ("code", ["SU-12 jk", "su12JK"], "su12jl")],
)
def test_one_person_is_known_in_every_spelling(kind, spellings, other) -> None:
    *known, stranger, blank = pids([*spellings, other, "  "], kind=kind, key="rahasia")
    assert len({*known, stranger, blank}) == 3, "a blank is a row of its own"
    assert set(known) == {known[0]}


def test_the_key_comes_from_the_environment_or_a_file_only_the_user_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = pids(["a"])
    assert given == pids(["a"], key="a key for tests")
    monkeypatch.delenv("EVALUASI_KEY")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    first = pids(["a"])
    assert first != given
    assert pids(["a"]) == first, "made once"
    (file,) = (p for p in tmp_path.rglob("*") if p.is_file())
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only there XDG_DATA_HOME moves the key's folder"
)
def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    code = "import pandas as pd, evaluasi_lib as el; t = pd.DataFrame({'k': ['a']}); "
    code += "print(el.pseudonymise(t, 'k', kind='code')['pid'][0])"
    place = {k: v for k, v in os.environ.items() if k != "EVALUASI_KEY"}
    place |= {"XDG_DATA_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    runs = [
        subprocess.Popen([sys.executable, "-c", code], env=place, stdout=subprocess.PIPE)
        for _run in range(3)
    ]
    assert len({run.communicate()[0] for run in runs} - {b""}) == 1


@pytest.mark.parametrize("synthetic", [True, False])
def test_made_up_persons_need_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic: bool
) -> None:
    found = []
    for key in ("a", "b"):
        monkeypatch.setenv("EVALUASI_KEY", key)
        declared = {"synthetic": synthetic, "design": {"type": "single_group"},
                    "sources": {"s": survey_of({"x": "number"})}}  # fmt: skip
        table = pd.DataFrame({"pid": ["p1", "p2"], "x": [1.0, 2.0]})
        found.append(make_study(tmp_path / key, declared, {"s": table}).tables["s"]["pid"])
    assert (found[0].tolist() == found[1].tolist()) is synthetic
