"""Section 4 of AdvantageNAS on rewards that can be summed over."""
