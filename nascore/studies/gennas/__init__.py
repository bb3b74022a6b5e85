"""GenNAS: scores of untrained networks by fitting synthetic signals, against real accuracies."""
