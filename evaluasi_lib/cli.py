"""The command line: start, new, check, clean, report, verify, portfolio, forget, key, lab.

Exit status: 0 all well; 1 some program failed (the others are finished); 2 wrong use.
"""

from __future__ import annotations

import argparse
import getpass
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from evaluasi_lib import __version__, wording
from evaluasi_lib.check import EVALUATION_NOTEBOOK, DataFolder, load_program, project_root
from evaluasi_lib.wording import EvaluationError, Problem, UsageError, _, os_problem, problem

OK, SOME_FAILED, WRONG_USE = 0, 1, 2
WORK_FOLDER = "buku-kerja"  # beside notebooks/, so that links lead on; git ignores it

Options = argparse.Namespace
Argument = tuple[str, str, dict[str, Any]]  # name, help, the other options of add_argument


class _Parser(argparse.ArgumentParser):
    """argparse whose own words come from the catalogue."""

    def error(self, message: str) -> NoReturn:
        remedy = _("see “{prog} --help”").format(prog=self.prog)
        raise UsageError(Problem(message, where=self.prog, remedy=remedy))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. Expected errors are words, never a traceback."""
    # argparse asks gettext for its words when it is used, not when it is imported.
    argparse._ = _  # type: ignore[attr-defined]
    argparse.ngettext = wording.plural  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may be cp1252
            stream.reconfigure(encoding="utf-8", errors="replace")
    # EVALUASI_LANGUAGE chooses the language of messages; reports have --language.
    code = os.environ.get("EVALUASI_LANGUAGE", "")
    wording.set_language(code if code in wording.LANGUAGES else wording.DEFAULT_LANGUAGE)
    try:
        options = _parser().parse_args(arguments)
        status: int = options.run(options)
    except EvaluationError as error:
        _complain(error.problems)
        return WRONG_USE if isinstance(error, UsageError) else SOME_FAILED
    except OSError as error:
        _complain([os_problem(error)])
        return SOME_FAILED
    except KeyboardInterrupt:
        print(_("stopped"), file=sys.stderr)
        return 130
    return status


def _complain(problems: Iterable[object], who: str = "evaluasi") -> int:
    """Print each problem; the exit status that they make."""
    status = OK
    for said in problems:
        print(f"{who}: {said}", file=sys.stderr)
        status = SOME_FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="evaluasi", description=_("Evaluate career-development programs."))
    parser.add_argument("--version", action="version", version=f"evaluasi {__version__}")
    parsers = parser.add_subparsers(required=True, metavar=_("COMMAND"), parser_class=_Parser)
    for run, summary, arguments in _commands():
        name = run.__name__.strip("_")
        command = parsers.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        for place, text, more in arguments:
            command.add_argument(place, help=text, **more)
    return parser


def _commands() -> Iterator[tuple[Callable[[Options], int], str, list[Argument]]]:
    """Each command: the function of its name, what it does, and its arguments."""
    # A default that is text goes through `type` as well.
    data: Argument = ("--data", _("a folder laid out like data/"),
                      {"metavar": "DIR", "type": DataFolder.at, "default": ""})  # fmt: skip
    out: Argument = ("--out", _("folder of the reports"),
                     {"metavar": "DIR", "type": _reports, "default": ""})  # fmt: skip
    language: Argument = ("--language", _("id,en"), {"default": "id"})
    one: Argument = ("id", _("identifier of the program"), {"metavar": "ID"})
    any_or_all: Argument = ("ids", _("programs; all if none"), {"metavar": "ID", "nargs": "*"})
    flag = {"action": "store_true"}

    yield _start, _("a workbook folder: notebooks, examples, room for your data"), [
        ("folder", _("new, or a workbook to bring up to date"), {"metavar": "DIR"}),
    ]  # fmt: skip
    files = {"metavar": "FILE", "dest": "files", "nargs": "+", "required": True}
    yield _new, _("draft program.yml from files as exported"), [
        one, data, ("--from", _("exported files"), files),
    ]  # fmt: skip
    summary = _("show every problem of a program at once; change nothing")
    yield _check, summary, [any_or_all, data]
    yield _clean, _("make processed data from raw data"), [any_or_all, data]
    summary = _("propose quotes for your approval in kutipan.csv")
    yield _quotes, summary, [any_or_all, data]
    seconds = {"metavar": "SECONDS", "type": float}
    yield _report, _("make the reports of programs"), [
        ("ids", _("programs"), {"metavar": "ID", "nargs": "*"}),
        ("--all", _("every program"), flag),
        ("--format", _("html,pdf,docx,xlsx"), {"default": "html"}),
        language, data, out,
        ("--jobs", _("programs at a time"), {"metavar": "N", "type": int, "default": 1}),
        ("--force", _("clean and make again, even if unchanged"), flag),
        ("--time-limit", _("give a program up after this time"), seconds),
        ("--scheduler", _("Dask cluster to run on"), {"metavar": "ADDRESS"}),
    ]  # fmt: skip
    yield _verify, _("make results again and compare them with the reports"), [
        ("ids", _("programs"), {"metavar": "ID", "nargs": "+"}), data, out,
    ]  # fmt: skip
    summary = _("the report over all programs and the index page")
    yield _portfolio, summary, [language, data, out]
    person = _("the person as the files name them; “-” asks, so that no history keeps it")
    reason = _("why, without saying who; it is logged")
    yield _forget, _("delete one person's data, raw and processed"), [
        one, data, out, ("--person", person, {"metavar": "NIP|CODE", "required": True}),
        ("--reason", reason, {"metavar": "TEXT", "required": True}),
    ]  # fmt: skip
    action = _("rotate: a new key, and what it breaks")
    yield _key, _("the secret key of the pseudonyms"), [
        ("action", action, {"choices": ["rotate"]}), data,
    ]  # fmt: skip
    jupyter = _("after --: Jupyter's own options")
    yield _lab, _("open JupyterLab at the starting notebook"), [
        ("jupyter", jupyter, {"metavar": "OPTION", "nargs": "*"}), data,
    ]  # fmt: skip


def _reports(folder: str) -> Path:
    """The folder of reports that was named, or the project's own."""
    return Path(folder or project_root() / "reports").expanduser().resolve()


def _chosen(data: DataFolder, ids: Sequence[str]) -> list[str]:
    """The named programs, or all of them; UsageError names every unknown one."""
    if not ids and not data.program_ids:
        raise UsageError(problem("no_program", str(data.path / "raw")))
    problems: list[Problem] = []
    chosen = []
    for program_id in dict.fromkeys(ids or data.program_ids):
        try:
            chosen.append(data.check_id(program_id))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError(*problems)
    return chosen


def _start(options: Options) -> int:
    from evaluasi_lib.folders import start_workbook

    folder = Path(options.folder).expanduser().resolve()
    examples, beside = start_workbook(folder)
    print(_("The workbook is in {folder}.").format(folder=folder))
    if examples:
        print(_("Examples in data/raw: {names}").format(names=", ".join(examples)))
    _tell_new_versions(beside)
    print(_("Next, inside that folder: evaluasi lab"))
    return OK


def _tell_new_versions(beside: Sequence[Path]) -> None:
    for path in beside:
        text = _("a newer version of a notebook that you changed stands beside it: {path}")
        print(text.format(path=path))


def _new(options: Options) -> int:
    from evaluasi_lib.door.start import new_program

    made = new_program(options.data, options.id, options.files)
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


def _check(options: Options) -> int:
    from evaluasi_lib.evaluation import check

    status = OK
    for program_id in _chosen(options.data, options.ids):
        found = check(options.data, program_id)
        for place, said in enumerate(found.problems, 1):
            status = _complain([said], f"{program_id} [{place}/{len(found.problems)}]")
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


def _clean(options: Options) -> int:
    from evaluasi_lib.cleaning.pipeline import clean_program

    status = OK
    for program_id in _chosen(options.data, options.ids):
        try:
            program = load_program(options.data.raw(program_id))
            folder = clean_program(program, options.data, force=True)
            print(_("{id}: cleaned, in {folder}").format(id=program_id, folder=folder))
        except EvaluationError as error:
            status = _complain(error.problems, program_id)
    return status


def _quotes(options: Options) -> int:
    from evaluasi_lib.cleaning.pipeline import names_of
    from evaluasi_lib.evaluation import open_study
    from evaluasi_lib.voices import update_quotes

    for program_id in _chosen(options.data, options.ids):
        study, raw = open_study(options.data, program_id), options.data.raw(program_id)
        names = names_of(study.program, raw)
        new = update_quotes(study, raw, [*names.full, *names.single])
        print(_("{id}: {n} quotes proposed in kutipan.csv; none is printed before you approve it")
              .format(id=program_id, n=wording.count(new)))  # fmt: skip
    return OK


def _report(options: Options) -> int:
    from evaluasi_lib.reporting import batch, stamp

    data, out = options.data, options.out
    if bool(options.ids) == options.all:
        names = ", ".join(data.program_ids)
        raise UsageError(problem("which_programs", "evaluasi report", names=names))
    for name, number in (("--jobs", options.jobs), ("--time-limit", options.time_limit)):
        if number is not None and number <= 0:
            raise UsageError(problem("not_positive", name))
    shared: dict[str, Any] = {
        "notebook": project_root() / EVALUATION_NOTEBOOK,
        "data_dir": data.path,
        "out_dir": out,
        "languages": stamp.split_languages(options.language),
        "formats": stamp.split_formats(options.format),
        "message_language": wording.language(),
        "time_limit": options.time_limit,
    }
    jobs = [batch.Job(program_id, **shared) for program_id in _chosen(data, options.ids)]
    outcomes = batch.show_progress(len(jobs), lambda watch: batch.make_reports(
        jobs, data, workers=options.jobs, scheduler=options.scheduler, force=options.force,
        watch=watch,
    ))  # fmt: skip
    status = OK
    order = [job.program_id for job in jobs]
    for outcome in sorted(outcomes, key=lambda outcome: order.index(outcome.program_id)):
        if outcome.failure:
            status = _complain([outcome.failure], f"evaluasi: {outcome.program_id}")
        if outcome.kept_notebook:
            kept = _("the notebook as far as it ran: {path}").format(path=outcome.kept_notebook)
            _complain([kept], f"evaluasi: {outcome.program_id}")
    good = sum(not outcome.failure for outcome in outcomes)
    print(_("{good} of {total} reports in {folder}").format(
        good=good, total=len(outcomes), folder=out
    ))  # fmt: skip
    return status


def _verify(options: Options) -> int:
    from evaluasi_lib.evaluation import verify_report

    status = OK
    for program_id in _chosen(options.data, options.ids):
        differences = verify_report(options.data, program_id, options.out)
        status = _complain(differences, program_id) or status
        if not differences:
            print(_("{id}: the same result again, byte for byte").format(id=program_id))
    return status


def _portfolio(options: Options) -> int:
    from evaluasi_lib.folders import replace_folder
    from evaluasi_lib.reporting import batch, running, stamp, warm

    target = options.out / batch.PORTFOLIO_FOLDER
    notebook = project_root() / "notebooks" / "03_portofolio.ipynb"
    languages = stamp.split_languages(options.language)
    with batch.writing(options.out), warm.kernels(), replace_folder(target) as staging:
        for language in languages:
            parameters: dict[str, object] = {
                "language": language,
                "data_dir": str(options.data.path),
                "reports_dir": str(options.out),
                "out_dir": str(staging),
            }
            running.run_notebook(notebook, staging / f"notebook.{language}.ipynb", parameters)
        batch.write_index(options.out, options.data, [])
    print(_("The report over all programs is in {folder}.").format(folder=target))
    return OK


def _forget(options: Options) -> int:
    from evaluasi_lib.cleaning.forgetting import forget
    from evaluasi_lib.reporting import batch

    data, out = options.data, options.out
    program_id = data.check_id(options.id)
    person = getpass.getpass(_("NIP or code:")) if options.person == "-" else options.person
    done = forget(data, program_id, person.strip(), options.reason)
    stale = batch.mark_stale(out, data, program_id)
    if stale:
        batch.write_index(out, data, [])
    for name, n in done.rows.items():
        print(_("{name}: {n} rows emptied").format(name=name, n=wording.count(n)))
    if done.masked:
        masked = wording.count(done.masked)
        print(_("the name masked in {n} rows or lines of others").format(n=masked))
    _complain(done.mentions)
    for name in stale:
        print(_("The report is out of date: {name}").format(name=name))
    return OK


def _key(options: Options) -> int:
    from evaluasi_lib.cleaning.forgetting import rotate_key

    written, failed = rotate_key(options.data)
    print(_("There is a new key; the old one is gone."))
    for program_id in written:
        print(_("{id}: written with new pseudonyms").format(id=program_id))
    _complain(failed)
    print(_("What this breaks: tables handed out before can no longer be joined with new ones, and "
            "data folders elsewhere that used the old key are rewritten when they are next used. "
            "No number of a report changes."))  # fmt: skip
    return SOME_FAILED if failed else OK


def _lab(options: Options) -> int:
    """JupyterLab on copies, so that neither outputs nor a person's changes reach git.

    lab/overrides.json holds defaults that a person may change in Jupyter's own settings: pages of
    docs/ are shown, not edited, and nothing is asked of the internet.
    """
    from evaluasi_lib.folders import DATA_VARIABLE, refresh_copies

    root = project_root()
    work = root / WORK_FOLDER
    _tell_new_versions(refresh_copies(sorted((root / "notebooks").glob("[0-9]*.ipynb")), work))
    place = os.environ | {DATA_VARIABLE: str(options.data.path)}
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}",
               f"--LabApp.app_settings_dir={Path(__file__).parent / 'lab'}"]  # fmt: skip
    start = [str(work / "00_mulai_di_sini.ipynb")]
    return subprocess.run([*command, *options.jupyter, *start], check=False, env=place).returncode


if __name__ == "__main__":
    sys.exit(main())
