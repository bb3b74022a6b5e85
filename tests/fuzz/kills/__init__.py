"""Kill -9 at random moments: `python -m tests.fuzz.kills --kills 50 --seed 1`.

What is killed: an Oracle's run with a log, a one-shot search with a checkpoint, and `nascore reproduce` with workers.
What was finished must be there afterwards, the run that goes on must end as an undisturbed one does, and no worker may
live on. Two programs at work on one store, and two Oracles on one log, must do nothing twice.
"""
