"""What notebooks/03_portofolio.ipynb calls: open the finished reports, compare, publish."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluasi_lib import __version__, wording
from evaluasi_lib.errors import DataError, Problem, check_language
from evaluasi_lib.loading import DataFolder, project_root
from evaluasi_lib.portfolio import portfolio_sections
from evaluasi_lib.reporting.elements import Section
from evaluasi_lib.reporting.export import TEMPLATE, render_page, report_name
from evaluasi_lib.results import SCHEMA_VERSION
from evaluasi_lib.wording import _, count, join_words


class Chapters(tuple[Section, ...]):
    """Sections that a notebook shows one below the other."""

    def _repr_html_(self) -> str:
        return "\n".join(section.html() for section in self)

    def __repr__(self) -> str:
        return "\n".join(repr(section) for section in self)


@dataclass(frozen=True)
class Portfolio:
    """The results of finished reports, in the order of the programs, and who has none yet."""

    results: tuple[dict[str, Any], ...]
    without_report: tuple[str, ...]
    out_dir: Path | None

    def __repr__(self) -> str:
        text = _("{n} reports are compared.").format(n=count(len(self.results)))
        if self.without_report:
            text += " " + _("Without a report yet: {names}.").format(
                names=join_words(list(self.without_report))
            )
        return text

    def compare(self) -> Chapters:
        """The sections of the report over all programs."""
        return Chapters(portfolio_sections(self.results))

    def publish(self, chapters: Sequence[Section]) -> str:
        """Write the page into out_dir, or nothing where none was given; say which."""
        if self.out_dir is None:
            return _("No report folder was written, because out_dir is empty.")
        self.out_dir.mkdir(parents=True, exist_ok=True)
        page = self.out_dir / report_name("html")
        title = _("All programs side by side")
        texts = {
            "language": wording.language(),
            "title": title,
            "heading": title,
            "organisation": "",
            "subtitle": repr(self),
            "skip": _("Skip to the report"),
            "contents": _("Contents"),
            "footer": _("Made with evaluasi {version}.").format(version=__version__),
            "style": (TEMPLATE / "style.css").read_text(encoding="utf-8").strip(),
        }
        page.write_text(render_page(chapters, texts), encoding="utf-8", newline="\n")
        return _("The report is in {folder}.").format(folder=self.out_dir)


def open_portfolio(
    language: object = "id", data_dir: object = "", reports_dir: object = "", out_dir: object = ""
) -> Portfolio:
    """Read result.json of every program's report.

    Raises UsageError (unknown language or folder) and DataError for a result.json that is broken
    or of another schema version.
    """
    wording.set_language(check_language(language or wording.DEFAULT_LANGUAGE))
    data = DataFolder.at(str(data_dir) if data_dir else None)
    reports = Path(str(reports_dir or project_root() / "reports")).expanduser().resolve()
    results, without, problems = [], [], []
    for program_id in data.program_ids:
        path = reports / program_id / "result.json"
        if not path.is_file():
            without.append(program_id)
            continue
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            if result["schema_version"] != SCHEMA_VERSION:
                raise ValueError
            results.append(result)
        except (ValueError, KeyError, TypeError):
            remedy = _("make the report again: evaluasi report {id}").format(id=program_id)
            problems.append(Problem(_("result.json cannot be read"), program_id, remedy))
    if problems:
        raise DataError(*problems)
    folder = Path(str(out_dir)).expanduser().resolve() if out_dir else None
    return Portfolio(tuple(results), tuple(without), folder)
