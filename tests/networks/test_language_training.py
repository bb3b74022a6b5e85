"""Retraining: it learns, the same seed gives the same course, and bad settings are named."""

import math

import pytest
import torch

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


def test_what_is_no_network_and_no_stream_is_refused():
    network, stream = RecurrentNetwork((1, 1, 1, 3, 2, 4), WORDS, 8), Stream(TEXT.train, 4, 8)
    for wrong, name in (((3, stream), "network=3"), ((network, [1]), "stream=")):
        with pytest.raises(SettingError, match=name):
            train(*wrong, epochs=1)


def test_what_the_caller_is_in_does_not_matter():
    network = RecurrentNetwork((1, 1, 1, 3, 2, 4), WORDS, 8, dropout=0.2)
    with torch.inference_mode():
        found = train(network, Stream(TEXT.train, 4, 8), 2, 3.0)
    assert found == course(0)[0]


def test_weights_that_are_not_finite_at_the_end_are_seen():
    network = RecurrentNetwork((1,) * 6, WORDS + 1, 8)
    with torch.no_grad():
        network.embedding.weight[WORDS] = math.inf  # a word that the text has not, as no loss can show
    with pytest.raises(Diverged, match="weights are not finite after epoch 1"):
        train(network, Stream(TEXT.train, 4, 8), 1, 1.0)


def test_a_loss_that_explodes_names_the_rate():
    with pytest.raises(Diverged, match="learning_rate=1e"):
        course(learning_rate=1e30, clip=None)
