"""NAS-Bench-NLP's cells as networks: what they compute, by a plain reference, and the published parameter counts."""

from __future__ import annotations

import csv
import json
import zipfile
from functools import cache

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks import build, parameters
from nascore.networks.cells.recipe import RecipeLayer

SPACE = nc.spaces.NASBenchNLP()
LOGS = "raw/fmsnew+nas-bench-nlp-release/a6d90a3b/train_logs_wikitext-2/logs.zip"
COUNTS = "raw/aaronserianni+training-free-nas/2d76e01b/data/RNN_parameters.csv"


def cells(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def plain(layer: RecipeLayer, recipe: dict, vectors: torch.Tensor) -> torch.Tensor:
    """The recipe, step by step and node by node, in the layer's weights: the slow and obvious way."""
    graph = layer.graph
    names = ["x", *(f"h_prev_{i}" for i in range(graph.states)), *recipe]
    bias = {name: layer.biases[i] for i, name in enumerate(n for n in recipe if recipe[n]["op"] == "linear")}
    states = [torch.zeros(vectors.shape[1], layer.units) for _ in range(graph.states)]
    found = []
    for x in vectors:
        values = {"x": x, **{f"h_prev_{i}": state for i, state in enumerate(states)}}
        for number, (name, node) in enumerate(recipe.items()):
            read = [values[each] for each in node["input"]]
            op = node["op"]
            if op == "linear":
                total = bias[name]
                for source, value in zip(node["input"], read, strict=True):
                    total = total + value @ layer.matrices[layer.places[number, names.index(source)]].T
                values[name] = total
            elif op == "blend":
                values[name] = read[0] * read[1] + (1 - read[0]) * read[2]
            elif op == "elementwise_sum":
                values[name] = read[0] + read[1]
            elif op == "elementwise_prod":
                values[name] = read[0] * read[1]
            else:
                make = {"tanh": torch.tanh, "sigm": torch.sigmoid, "leaky_relu": torch.nn.LeakyReLU()}
                values[name] = make[op.removeprefix("activation_")](read[0])
        states = [values[f"h_new_{i}"] for i in range(graph.states)]
        found.append(states[0])
    return torch.stack(found)


def test_a_layer_computes_its_recipe():
    vectors = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))
    for arch in cells(25):
        layer = RecipeLayer(arch, 4, 6, torch.Generator().manual_seed(1))
        outputs, states = layer(vectors)
        assert outputs.shape == (5, 3, 6) and len(states) == arch[0] and torch.equal(outputs[-1], states[0])
        wanted = plain(layer, json.loads(SPACE.format(arch)), vectors)
        assert torch.allclose(outputs, wanted, rtol=1e-4, atol=1e-5)
        before, between = layer(vectors[:2])
        after, last = layer(vectors[2:], between)
        assert torch.allclose(torch.cat([before, after]), outputs, rtol=1e-4, atol=1e-5)


def test_shapes_and_seeds():
    arch = cells(1, 2)[0]
    network = build(SPACE, arch, words=11, units=5, embedding=4, layers=2, seed=3)
    tokens = torch.randint(0, 11, (6, 2), generator=torch.Generator().manual_seed(0))
    assert network(tokens).shape == (6, 2, 11)
    assert network.cell(torch.randn(6, 2, 4)).shape == (6, 2, 4)
    same, other = (build(SPACE, arch, words=11, units=5, embedding=4, layers=2, seed=s)(tokens) for s in (3, 4))
    assert torch.equal(same, network(tokens)) and not torch.equal(other, same)
    assert torch.equal(network(tokens)[:3], network(tokens[:3]))  # no step sees those after it
    network(tokens).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_pool_builds_what_its_space_builds():
    pool = nc.spaces.PoolSpace(SPACE, cells(3, 4))
    options = {"words": 7, "units": 5, "embedding": 4}
    assert [parameters(pool, arch, **options) for arch in pool.archs] == [
        parameters(SPACE, arch, **options) for arch in pool.archs
    ]


@pytest.mark.parametrize(
    "options, why",
    [
        ({}, "words"),
        ({"words": 0}, "words=0"),
        ({"words": 5, "layers": 0}, "layers=0"),
        ({"words": 5, "units": 1.5}, "units=1.5"),
        ({"words": 5, "embedding": True}, "embedding=True"),
        ({"words": 5, "unit": 3}, "unit: unknown option; did you mean units"),
    ],
)
def test_bad_options(options, why):
    with pytest.raises(SettingError, match=why):
        build(SPACE, cells(1)[0], **options)


@cache
def counted(arch):
    """Of the model with WikiText-2's 33,278 words."""
    with torch.device("meta"):
        return parameters(SPACE, arch, words=33_278)


def test_published_parameter_counts(real_data):
    """WikiText-2: every log; Penn Treebank: every cell of those logs that has a count."""
    recipes = {}
    with zipfile.ZipFile(real_data / LOGS) as archive:
        for name in archive.namelist():
            log = json.loads(archive.read(name))
            arch = recipes[log["recepie_id"]] = SPACE.parse(log["recepie"])
            assert counted(arch) == log["num_params"], name
    assert len(recipes) == 344
    compared = 0
    with open(real_data / COUNTS, newline="", encoding="utf-8") as stream:
        for row in csv.reader(stream):
            number = row[0].removeprefix("log_stats_model_").split("_")[0]
            if number.isdigit() and int(number) in recipes and row[4] != "nan":
                fewer = counted(recipes[int(number)]) - 23_278 * (400 + 1)  # of 10,000 words
                assert fewer == int(float(row[4])) == int(float(row[5]))
                compared += 1
    assert compared >= 312
