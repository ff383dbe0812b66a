"""How often a whole evaluation, from raw files to the verdict, says more than is true.

`python -m tests.verdict_study` (or `make calibrate-verdict`). Each situation draws a program with a
known truth and writes it as agencies have it; the library cleans, estimates and decides; the judge
compares what is said with the truth. The situations follow the literature on evaluation methods and
were written without reading the rules of the verdict (`evaluasi_lib/findings`), the rating of
evidence (`scoring/evidence.py`) or their tests: a study by the author of the rules would only find
what its author already thought of.

situations.yml lists the situations. Modules: draw (persons, their values, and a program from a row
of the list), agency (its files), adapter (the only one that knows the library's inside), judge,
study (repetitions and their table).

Sources: Shadish, Cook & Campbell (2002), Experimental and Quasi-Experimental Designs; Ashenfelter
(1978), Review of Economics and Statistics 60; Barnett, van der Pols & Dobson (2005), International
Journal of Epidemiology 34 (regression to the mean); Podsakoff et al. (2003), Journal of Applied
Psychology 88 (biases of self-report); Lee (2009), Review of Economic Studies 76 (attrition);
Cameron & Miller (2015), Journal of Human Resources 50 (few and unequal clusters); Alliger et al.
(1997), Personnel Psychology 50 (reactions and learning do not carry over to behaviour).
"""
