"""A seeded fuzz of every public entry: `python -m tests.fuzz --cases 10000 --seed 1 --workers 2`.

A case is a valid call with one or two arguments replaced by a hostile value, or a valid file that was damaged. It is
fine where the call returns for values that are allowed (numpy's equivalents of valid values among them, with the same
result), or raises one of nascore's errors that names the parameter or the file. Everything else is a failure: a foreign
exception ("traceback"), too much processor time ("hang"), a wrong value taken ("wrong acceptance"), a right one refused
("wrong refusal"), another result for numpy's scalar ("another result"), an error that names nothing ("unnamed").

`entries` lists what is tried: an entry is a line of Python with its parameters and what each may be (`kinds`), or a
file with its reader (`files`). `python -m tests.fuzz.kills` kills running programs instead.
"""
