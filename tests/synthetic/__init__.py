"""The one seeded generator of the synthetic programs in data/raw.

    python -m tests.synthetic                       writes the shipped data/raw/<program>/ again
    python -m tests.synthetic mentoring-karier-2024 --seed 7 --out /tmp/x   another seed elsewhere

program.yml is written by hand and holds every question text, label and option; the generator reads
them there, so that nothing is typed twice. Documents, transcripts, coded interviews and the ratings
of documents are written by hand too, for nothing in them is drawn. What is true in the synthetic
programs stands in kebenaran.yml and is read from there by both the generator and the tests that
recover it.

Bytes are the same on every platform: text is written as bytes, workbooks are stored uncompressed
with fixed dates, and the draws come from numpy's PCG64.
"""

from tests.synthetic.model import MODELS, RAW, TRUTH
from tests.synthetic.office import write_files

PROGRAMS = tuple(MODELS)

__all__ = ["PROGRAMS", "RAW", "TRUTH", "generate"]


def generate(program_id, seed, folder):
    """The drawn files of one synthetic program in folder. seed None: the shipped one."""
    write_files(program_id, TRUTH["seeds"][program_id] if seed is None else seed, folder)
