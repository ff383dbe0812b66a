"""The command line: start, new, check, clean, report, verify, portfolio, forget, key, lab.

Exit status: 0 all well; 1 some program failed (the others are finished); 2 wrong use.
"""

from __future__ import annotations

import argparse
import getpass
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from evaluasi_lib import __version__, wording
from evaluasi_lib.check import EVALUATION_NOTEBOOK, DataFolder, load_program, project_root
from evaluasi_lib.wording import EvaluationError, Problem, UsageError, _, os_problem

OK, SOME_FAILED, WRONG_USE = 0, 1, 2
WORK_FOLDER = "buku-kerja"  # beside notebooks/, so that links lead on; git ignores it


class _Parser(argparse.ArgumentParser):
    """argparse whose own words come from the catalogue."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            Problem(
                message, where=self.prog, remedy=_("see “{prog} --help”").format(prog=self.prog)
            )
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. Expected errors are words, never a traceback."""
    # argparse asks gettext for its words when it is used, not when it is imported.
    argparse._ = _  # type: ignore[attr-defined]
    argparse.ngettext = wording.plural  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may be cp1252
            stream.reconfigure(encoding="utf-8", errors="replace")
    wording.set_language(_message_language())
    try:
        options = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except UsageError as error:
        _complain(error)
        return WRONG_USE
    except EvaluationError as error:
        _complain(error)
        return SOME_FAILED
    except OSError as error:
        _complain(EvaluationError(os_problem(error)))
        return SOME_FAILED
    except KeyboardInterrupt:
        print(_("stopped"), file=sys.stderr)
        return 130


def _message_language() -> str:
    """EVALUASI_LANGUAGE chooses the language of messages; reports have --language."""
    code = os.environ.get("EVALUASI_LANGUAGE", wording.DEFAULT_LANGUAGE)
    return code if code in wording.LANGUAGES else wording.DEFAULT_LANGUAGE


def _complain(error: EvaluationError) -> None:
    for problem in error.problems:
        print(f"evaluasi: {problem}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="evaluasi", description=_("Evaluate career-development programs."))
    parser.add_argument("--version", action="version", version=f"evaluasi {__version__}")
    commands = parser.add_subparsers(required=True, metavar=_("COMMAND"), parser_class=_Parser)

    def add(
        name: str, run: Callable[[argparse.Namespace], int], summary: str, *, data: bool = True
    ) -> _Parser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        if data:
            command.add_argument("--data", metavar="DIR", help=_("a folder laid out like data/"))
        return command

    summary = _("a workbook folder: notebooks, examples, room for your data")
    start = add("start", _start, summary, data=False)
    start.add_argument("folder", metavar="DIR", help=_("new, or a workbook to bring up to date"))
    new = add("new", _new, _("draft program.yml from files as exported"))
    new.add_argument("id", metavar="ID", help=_("identifier of the program"))
    new.add_argument(
        "--from", dest="files", nargs="+", required=True, metavar="FILE", help=_("exported files")
    )
    for name, run, summary in (
        ("check", _check, _("show every problem of a program at once; change nothing")),
        ("clean", _clean, _("make processed data from raw data")),
        ("quotes", _quotes, _("propose quotes for your approval in kutipan.csv")),
    ):
        command = add(name, run, summary)
        command.add_argument("ids", nargs="*", metavar="ID", help=_("programs; all if none"))

    report = add("report", _report, _("make the reports of programs"))
    report.add_argument("ids", nargs="*", metavar="ID", help=_("programs"))
    report.add_argument("--all", action="store_true", help=_("every program"))
    report.add_argument("--format", default="html", help=_("html,pdf,docx,xlsx"))
    report.add_argument("--language", default="id", help=_("id,en"))
    report.add_argument("--jobs", type=int, default=1, metavar="N", help=_("programs at a time"))
    report.add_argument("--out", metavar="DIR", help=_("folder of the reports"))
    report.add_argument(
        "--force", action="store_true", help=_("clean and make again, even if unchanged")
    )
    report.add_argument(
        "--time-limit", type=float, metavar="SECONDS", help=_("give a program up after this time")
    )
    report.add_argument("--scheduler", metavar="ADDRESS", help=_("Dask cluster to run on"))

    verify = add("verify", _verify, _("make results again and compare them with the reports"))
    verify.add_argument("ids", nargs="+", metavar="ID", help=_("programs"))
    verify.add_argument("--out", metavar="DIR", help=_("folder of the reports"))

    portfolio = add("portfolio", _portfolio, _("the report over all programs and the index page"))
    portfolio.add_argument("--language", default="id", help=_("id,en"))
    portfolio.add_argument("--out", metavar="DIR", help=_("folder of the reports"))

    forgotten = add("forget", _forget, _("delete one person's data, raw and processed"))
    forgotten.add_argument("id", metavar="ID", help=_("identifier of the program"))
    forgotten.add_argument(
        "--person", required=True, metavar="NIP|CODE",
        help=_("the person as the files name them; “-” asks, so that no history keeps it"),
    )  # fmt: skip
    forgotten.add_argument(
        "--reason", required=True, metavar="TEXT", help=_("why, without saying who; it is logged")
    )
    forgotten.add_argument("--out", metavar="DIR", help=_("folder of the reports"))

    key = add("key", _key, _("the secret key of the pseudonyms"))
    key.add_argument("action", choices=["rotate"], help=_("rotate: a new key, and what it breaks"))

    lab = add("lab", _lab, _("open JupyterLab at the starting notebook"))
    lab.add_argument(
        "jupyter", nargs="*", metavar="OPTION", help=_("after --: Jupyter's own options")
    )
    return parser


def _chosen(data: DataFolder, ids: Sequence[str]) -> list[str]:
    """The named programs, or all of them; UsageError names every unknown one."""
    if not ids:
        if not data.program_ids:
            raise UsageError(
                Problem(
                    _("there is no program"),
                    where=str(data.path / "raw"),
                    remedy=_("make one with “evaluasi new ID --from FILE”"),
                )
            )
        return data.program_ids
    problems: list[Problem] = []
    chosen = []
    for program_id in dict.fromkeys(ids):
        try:
            chosen.append(data.check_id(program_id))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return chosen


def _start(options: argparse.Namespace) -> int:
    from evaluasi_lib.starting import start_workbook

    done = start_workbook(Path(options.folder).expanduser().resolve())
    print(_("The workbook is in {folder}.").format(folder=done.folder))
    if done.examples:
        print(_("Examples in data/raw: {names}").format(names=", ".join(done.examples)))
    _tell_new_versions(done.beside)
    print(_("Next, inside that folder: evaluasi lab"))
    return OK


def _tell_new_versions(beside: Sequence[Path]) -> None:
    for path in beside:
        text = _("a newer version of a notebook that you changed stands beside it: {path}")
        print(text.format(path=path))


def _new(options: argparse.Namespace) -> int:
    from evaluasi_lib.door.start import new_program

    made = new_program(DataFolder.at(options.data), options.id, options.files)
    for line in made.told:
        print(line)
    for place in made.changed:
        print(_("Added or guessed anew: {place}").format(place=place))
    if made.mended and not made.changed:
        print(_("Nothing to add: {path} has all that is in the files").format(path=made.path))
        return OK
    print(_("Drafted: {path}").format(path=made.path))
    print(_("Read the comments at each guess, then: evaluasi check {id}").format(id=options.id))
    return OK


def _check(options: argparse.Namespace) -> int:
    from evaluasi_lib.evaluation import check

    data = DataFolder.at(options.data)
    status = OK
    for program_id in _chosen(data, options.ids):
        found = check(data, program_id)
        for place, problem in enumerate(found.problems, 1):
            status = SOME_FAILED
            print(f"{program_id} [{place}/{len(found.problems)}] {problem}", file=sys.stderr)
        if not found.problems:
            print(_("{id}: no problem found").format(id=program_id))
        if found.standing:
            print(_("How many persons stand behind each outcome:"))
        for line in found.standing:
            print(f"  {line}".rstrip())
        if found.remarks:
            print(_("What to know of the data:"))
        for remark in found.remarks:
            print(f"  - {remark}")
    return status


def _clean(options: argparse.Namespace) -> int:
    from evaluasi_lib.cleaning.pipeline import clean_program

    data = DataFolder.at(options.data)
    status = OK
    for program_id in _chosen(data, options.ids):
        try:
            folder = clean_program(load_program(data.raw(program_id)), data, force=True)
            print(_("{id}: cleaned, in {folder}").format(id=program_id, folder=folder))
        except EvaluationError as error:
            status = SOME_FAILED
            for problem in error.problems:
                print(f"{program_id}: {problem}", file=sys.stderr)
    return status


def _quotes(options: argparse.Namespace) -> int:
    from evaluasi_lib.cleaning.pipeline import names_of
    from evaluasi_lib.evaluation import open_study
    from evaluasi_lib.voices import update_quotes

    data = DataFolder.at(options.data)
    for program_id in _chosen(data, options.ids):
        study, raw = open_study(data, program_id), data.raw(program_id)
        names = names_of(study.program, raw)
        new = update_quotes(study, raw, [*names.full, *names.single])
        print(_("{id}: {n} quotes proposed in kutipan.csv; none is printed before you approve it")
              .format(id=program_id, n=wording.count(new)))  # fmt: skip
    return OK


def _report(options: argparse.Namespace) -> int:
    from evaluasi_lib.reporting import batch, stamp
    from evaluasi_lib.reporting.batch import show_progress

    data = DataFolder.at(options.data)
    if bool(options.ids) == options.all:
        raise UsageError(
            Problem(
                _("name the programs, or give --all"),
                where="evaluasi report",
                remedy=_("known: {names}").format(names=", ".join(data.program_ids)),
            )
        )
    if options.jobs < 1:
        raise UsageError(Problem(_("at least one job is needed"), where="--jobs"))
    if options.time_limit is not None and options.time_limit <= 0:
        raise UsageError(Problem(_("a positive number of seconds is needed"), where="--time-limit"))
    out = Path(options.out or project_root() / "reports").expanduser().resolve()
    formats = stamp.split_formats(options.format)
    languages = stamp.split_languages(options.language)
    ids = _chosen(data, options.ids)
    jobs = [
        batch.Job(
            program_id=program_id,
            notebook=project_root() / EVALUATION_NOTEBOOK,
            data_dir=data.path,
            out_dir=out,
            languages=languages,
            formats=formats,
            message_language=wording.language(),
            time_limit=options.time_limit,
        )
        for program_id in ids
    ]
    outcomes = batch.in_order(
        show_progress(len(jobs), lambda watch: batch.make_reports(
            jobs, data, workers=options.jobs, scheduler=options.scheduler, force=options.force,
            watch=watch,
        )), jobs
    )  # fmt: skip
    failures = [outcome for outcome in outcomes if outcome.failure]
    for outcome in failures:
        print(f"evaluasi: {outcome.program_id}: {outcome.failure}", file=sys.stderr)
        if outcome.kept_notebook:
            kept = _("the notebook as far as it ran: {path}").format(path=outcome.kept_notebook)
            print(f"evaluasi: {outcome.program_id}: {kept}", file=sys.stderr)
    good = len(outcomes) - len(failures)
    print(_("{good} of {total} reports in {folder}").format(
        good=good, total=len(outcomes), folder=out
    ))  # fmt: skip
    return SOME_FAILED if failures else OK


def _verify(options: argparse.Namespace) -> int:
    from evaluasi_lib.verify import verify_report

    data = DataFolder.at(options.data)
    out = Path(options.out or project_root() / "reports").expanduser().resolve()
    status = OK
    for program_id in _chosen(data, options.ids):
        differences = verify_report(data, program_id, out)
        for difference in differences:
            status = SOME_FAILED
            print(f"{program_id}: {difference}", file=sys.stderr)
        if not differences:
            print(_("{id}: the same result again, byte for byte").format(id=program_id))
    return status


def _portfolio(options: argparse.Namespace) -> int:
    from evaluasi_lib.folders import replace_folder
    from evaluasi_lib.reporting import batch, running, stamp, warm

    data = DataFolder.at(options.data)
    out = Path(options.out or project_root() / "reports").expanduser().resolve()
    target = out / batch.PORTFOLIO_FOLDER
    notebook = project_root() / "notebooks" / "03_portofolio.ipynb"
    languages = stamp.split_languages(options.language)
    with batch.writing(out), warm.kernels(), replace_folder(target) as staging:
        for language in languages:
            executed = staging / f"notebook.{language}.ipynb"
            parameters: dict[str, object] = {
                "language": language,
                "data_dir": str(data.path),
                "reports_dir": str(out),
                "out_dir": str(staging),
            }
            running.run_notebook(notebook, executed, parameters)
        batch.write_index(out, data, [])
    print(_("The report over all programs is in {folder}.").format(folder=target))
    return OK


def _forget(options: argparse.Namespace) -> int:
    from evaluasi_lib.cleaning.forgetting import forget
    from evaluasi_lib.reporting import batch

    data = DataFolder.at(options.data)
    program_id = data.check_id(options.id)
    person = options.person
    if person == "-":
        person = getpass.getpass(_("NIP or code:"))
    done = forget(data, program_id, person.strip(), options.reason)
    out = Path(options.out or project_root() / "reports").expanduser().resolve()
    stale = batch.mark_stale(out, data, program_id)
    if stale:
        batch.write_index(out, data, [])
    for name, n in done.rows.items():
        print(_("{name}: {n} rows emptied").format(name=name, n=wording.count(n)))
    if done.masked:
        masked = wording.count(done.masked)
        print(_("the name masked in {n} rows or lines of others").format(n=masked))
    for line in done.mentions:
        print(f"evaluasi: {line}", file=sys.stderr)
    for name in stale:
        print(_("The report is out of date: {name}").format(name=name))
    return OK


def _key(options: argparse.Namespace) -> int:
    from evaluasi_lib.cleaning.forgetting import rotate_key

    written, failed = rotate_key(DataFolder.at(options.data))
    print(_("There is a new key; the old one is gone."))
    for program_id in written:
        print(_("{id}: written with new pseudonyms").format(id=program_id))
    for line in failed:
        print(f"evaluasi: {line}", file=sys.stderr)
    print(_("What this breaks: tables handed out before can no longer be joined with new ones, and "
            "data folders elsewhere that used the old key are rewritten when they are next used. "
            "No number of a report changes."))  # fmt: skip
    return SOME_FAILED if failed else OK


def _lab(options: argparse.Namespace) -> int:
    """JupyterLab on copies, so that neither outputs nor a person's changes reach git.

    lab/overrides.json holds defaults that a person may change in Jupyter's own settings: pages of
    docs/ are shown, not edited, and nothing is asked of the internet.
    """
    from evaluasi_lib.folders import DATA_VARIABLE, refresh_copies

    root = project_root()
    work = root / WORK_FOLDER
    _tell_new_versions(refresh_copies(sorted((root / "notebooks").glob("[0-9]*.ipynb")), work))
    place = os.environ | {DATA_VARIABLE: str(DataFolder.at(options.data).path)}
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}",
               f"--LabApp.app_settings_dir={Path(__file__).parent / 'lab'}"]  # fmt: skip
    start = [str(work / "00_mulai_di_sini.ipynb")]
    return subprocess.run([*command, *options.jupyter, *start], check=False, env=place).returncode


if __name__ == "__main__":
    sys.exit(main())
