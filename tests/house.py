"""The picture of the house in docs/architecture.md, drawn from what imports what.

`python -m tests.house` writes docs/images/house.svg. A box is a room, floors are those of
test_architecture; a line goes from a room down to one that it imports, unless another room on the
way says so already. The ground floor, which every room stands on, gets no lines.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from tests.test_architecture import ARROWS, FLOORS, GROUND, room_of

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "house.svg"
WIDTH, STEP, HEIGHT, GAP = 1000, 62, 34, 24
MIDDLE, RIGHT = 320, 650  # of the boxes; where the words of a floor begin
SHIFT = (-70, 40, 110)  # floors stand a little aside of one another, so that lines can be followed
SAID = {  # what happens on a floor, by its first room
    "cli": "the commands",
    "door": "what notebooks import as el",
    "evaluation": "one program, all programs, in whole",
    "tables": "what a notebook shows; pages of docs",
    "reporting": "chapters, pictures, HTML, PDF, DOCX, XLSX",
    "voices": "themes; verdict and advice",
    "scoring": "scores, effects, participation, costs",
    "study": "the cleaned tables of a program",
    "cleaning": "raw files to tidy tables without names",
    "reading": "raw files as text",
    "check": "program.yml checked; what may be said",
    "program": "the models of program.yml",
    "measures": "all numbers, and their gate; files",
    "wording": "both languages; problems in words",
}
INK, LINE, BOX, FLOOR = "#1f2933", "#0b5394", "#ffffff", "#e8edf2"


def arrows() -> set[tuple[str, str]]:
    """(room, room that it imports), without the ground floor and without what follows anyway."""
    below: dict[str, set[str]] = {room: set() for rooms in FLOORS for room in rooms}
    for module, names in ARROWS.items():
        if module:
            here = room_of(module)
            below[here] |= {room_of(name) for name in names} - {here, *GROUND}
    reached: dict[str, set[str]] = {}
    for room in (room for rooms in FLOORS for room in rooms):
        reached[room] = below[room].union(*(reached[other] for other in below[room]))
    return {
        (room, other) for room, found in below.items() for other in found
        if not any(other in reached[between] for between in found - {other})
    }  # fmt: skip


def house_svg() -> str:
    """The picture, the command line at the top."""
    places: dict[str, tuple[float, float, float]] = {}  # room -> middle, top, width
    parts = []
    floors = [rooms for rooms in reversed(FLOORS) if rooms != ("__main__",)]
    for height, rooms in enumerate(floors):
        top = 16 + height * STEP
        parts.append(f'<rect x="8" y="{top - 8}" width="{WIDTH - 16}" height="{HEIGHT + 16}" '
                     f'rx="6" fill="{FLOOR}"/>')  # fmt: skip
        widths = [max(90, 9 * len(room) + 28) for room in rooms]
        left = MIDDLE + SHIFT[height % 3] - (sum(widths) + GAP * (len(rooms) - 1)) / 2
        parts.append(f'<text x="{RIGHT}" y="{top + 22}">{escape(SAID.get(rooms[0], ""))}</text>')
        for room, width in zip(rooms, widths, strict=True):
            places[room] = (left + width / 2, top, width)
            left += width + GAP
    for room, below in sorted(a for a in arrows() if a[0] in places):
        (x, top, _w), (to, under, _v) = places[room], places[below]
        parts.append(
            f'<path d="M{x:g} {top + HEIGHT:g}C{x:g} {top + STEP:g} {to:g} {under - STEP / 2:g} '
            f'{to:g} {under:g}" fill="none" stroke="{LINE}" stroke-opacity=".55"/>'
        )
    for room, (x, top, width) in places.items():
        parts.append(
            f'<rect x="{x - width / 2:g}" y="{top:g}" width="{width:g}" height="{HEIGHT}" rx="5" '
            f'fill="{BOX}" stroke="{INK}"/><text x="{x:g}" y="{top + 22:g}" text-anchor="middle">'
            f"{escape(room)}</text>"
        )
    height = 16 + len(floors) * STEP
    title = "The rooms of evaluasi_lib, floor by floor; a line is an import"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{title}" font-family="DejaVu Sans, sans-serif" font-size="15" fill="{INK}">'
        f"<title>{title}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(house_svg(), encoding="utf-8")
