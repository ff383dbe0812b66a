"""The door: what `import evaluasi_lib as el` opens. Tables in, tables out.

Nothing is computed here that a program's report computes otherwise: each function brings a
researcher's own table into the form that cleaning, scoring, voices and reporting take.
"""
