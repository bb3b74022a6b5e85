"""How our own tables and surrogates are made, run as `python -m`. What answers a question imports none of this work."""
