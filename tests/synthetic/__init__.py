"""The one seeded generator of the synthetic programs in data/raw.

    python -m tests.synthetic                       writes the shipped data/raw/<program>/ again
    python -m tests.synthetic mentoring-karier-2024 --seed 7 --out /tmp/x   another seed elsewhere

program.yml is written by hand and holds every question text, label and option; the generator reads
them there, so that nothing is typed twice. What is true in the synthetic programs stands in
kebenaran.yml and is read from there by both the generator and the tests that recover it.

Bytes are the same on every platform: text is written as bytes, workbooks and documents are stored
uncompressed with fixed dates, and the draws come from numpy's PCG64.
"""

from tests.synthetic.programs import PROGRAMS, generate
from tests.synthetic.truth import TRUTH

__all__ = ["PROGRAMS", "TRUTH", "generate"]
