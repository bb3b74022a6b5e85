"""Retraining: it learns, the same seed gives the same course, and bad settings are named."""

import pytest

from nascore.data.text import Stream, markov_text
from nascore.errors import Diverged, SettingError
from nascore.networks.supernets.recurrent import RecurrentNetwork
from nascore.networks.training.language import train

WORDS = 12
TEXT = markov_text(WORDS, 800, 1)


def course(seed=0, **settings):
    network = RecurrentNetwork((1, 1, 1, 3, 2, 4), WORDS, 8, dropout=0.2)
    return train(
        network, Stream(TEXT.train, 4, 8), **{"epochs": 2, "learning_rate": 3.0, **settings}, seed=seed
    ), network


def test_it_learns_what_follows_what():
    found, network = course(epochs=3)
    assert len(found) == 3 and found[-1] < found[0]
    assert network.perplexity(Stream(TEXT.test, 4, 8)) < 0.8 * WORDS


def test_the_seed_is_that_of_the_dropout():
    assert course(0)[0] == course(0)[0] != course(1)[0]


@pytest.mark.parametrize("epochs", [0, 1.5, True])
def test_bad_epochs(epochs):
    with pytest.raises(SettingError, match="epochs"):
        course(epochs=epochs)


def test_a_loss_that_explodes_names_the_rate():
    with pytest.raises(Diverged, match="learning_rate=1e"):
        course(learning_rate=1e30, clip=None)
