"""Hooks watch and shape a one-shot search while it runs, one short file each; `base` says what a hook is."""
