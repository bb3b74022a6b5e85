"""Query-based searches that every method has to beat: random, evolution, local search, REINFORCE, TPE."""
