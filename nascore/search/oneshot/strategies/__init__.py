"""Strategies: how mixing weights are drawn and learned, one short file each; `base` says what a strategy is."""
