"""Text for language models: Penn Treebank, and a small synthetic text that needs no download.

A text is one long array of word numbers per part. `Stream` cuts one into segments for truncated backpropagation through
time: `batch` columns run through the text side by side, and segment k + 1 goes on where segment k ended.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nascore import checks
from nascore.data import download, upstream
from nascore.errors import DataError, SettingError

END, UNKNOWN = "<eos>", "<unk>"
PARTS = {"train": "ptb.train", "val": "ptb.valid", "test": "ptb.test"}
TOKENS = {"train": 929_589, "val": 73_760, "test": 82_430}  # with one END per line
WORDS = 10_000


@dataclass(frozen=True, repr=False)
class Text:
    """`train`, `val`, `test`: int64 word numbers (read-only); `words`: the vocabulary, most frequent first;
    `label`: name and checksum, with "synthetic" in the name of a made-up text."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    words: tuple[str, ...]
    label: str

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, part)):,} {part}" for part in PARTS)
        return f"<Text {self.label}: {counts} tokens, {len(self.words):,} words>"


def penn_treebank(words: int | None = None, tokens: int | None = None) -> Text:
    """Penn Treebank in Mikolov's preparation: 929,589, 73,760 and 82,430 tokens with one <eos> per line, 10,000 words.

    `words`: keep the so many most frequent words of the training part, every other one becomes <unk>; `tokens`: only
    the first so many training tokens (validation and test stay whole). Either makes perplexities incomparable with
    published ones. Reads the fetched files, or a local mirror's; DataError where there are none.
    """
    whole = _whole()
    words = _count("words", words, 2, WORDS)
    tokens = _count("tokens", tokens, 1, TOKENS["train"])
    unknown = whole.words.index(UNKNOWN)
    if unknown >= words:
        raise SettingError(f"words={words}: {UNKNOWN} is word {unknown + 1} and has to be kept")
    if words == WORDS and tokens == TOKENS["train"]:
        return whole
    parts = {name: np.where(getattr(whole, name) < words, getattr(whole, name), unknown) for name in PARTS}
    parts["train"] = parts["train"][:tokens]
    for part in parts.values():
        part.setflags(write=False)
    return Text(**parts, words=whole.words[:words], label=f"{ptb_label()}[words={words},tokens={tokens}]")


def ptb_label() -> str:
    """The data label of Penn Treebank: one checksum over those of its three pinned files; reads no file."""
    sums = "".join(upstream.file("ptb", key).sha256 for key in PARTS.values())
    return f"ptb:{hashlib.sha256(sums.encode()).hexdigest()[:16]}"


@lru_cache(maxsize=1)
def _whole() -> Text:
    texts = {}
    for part, key in PARTS.items():
        file = upstream.file("ptb", key)
        path = download.obtain(
            file,
            "Penn Treebank",
            "run `nascore data fetch ptb`; nascore.data.text.markov_text() needs no download",
        )
        try:
            texts[part] = tokenize(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: not readable as text ({error}); run `nascore data fetch ptb`") from error
        if len(texts[part]) != TOKENS[part]:
            raise DataError(f"{path}: {len(texts[part])} tokens, expected {TOKENS[part]}")
    return _text(texts, ptb_label())


def tokenize(text: str) -> list[str]:
    """The words of every line, each line ended by <eos>."""
    return [word for line in text.splitlines() for word in (*line.split(), END)]


def _text(texts: dict[str, list[str]], label: str) -> Text:
    """Number the words by their frequency in the training part; of equally frequent ones the first comes first."""
    counts = Counter(texts["train"])
    words = tuple(sorted(counts, key=lambda word: -counts[word]))  # Counter keeps the order of appearance
    number = {word: i for i, word in enumerate(words)}
    parts = {}
    for name, text in texts.items():
        parts[name] = np.fromiter((number[word] for word in text), np.int64, len(text))
        parts[name].setflags(write=False)
    return Text(**parts, words=words, label=label)


def markov_text(words: int = 40, tokens: int = 4000, seed: int = 0) -> Text:
    """SYNTHETIC text: a Markov chain over `words` words, each followed by one of four others; `tokens` for training
    and a quarter of that for validation and test each. Something to learn (about 4 of 40 words may follow), no
    language.
    """
    words, tokens = _count("words", words, 5, 10_000), _count("tokens", tokens, 100, 10_000_000)
    return _chain(words, tokens, checks.seed(seed))


@lru_cache(maxsize=4)
def _chain(words: int, tokens: int, seed: int) -> Text:
    rng = np.random.default_rng([53, seed])
    successors = np.array([rng.choice(words, 4, replace=False) for _ in range(words)])
    choices = rng.choice(4, tokens + 2 * (tokens // 4), p=(0.55, 0.25, 0.15, 0.05))
    chain, word = np.empty(len(choices), np.int64), 0
    for i, choice in enumerate(choices):
        chain[i] = word = successors[word, choice]
    chain.setflags(write=False)
    train, val, test = np.split(chain, (tokens, tokens + tokens // 4))
    checksum = hashlib.sha256(chain.tobytes()).hexdigest()[:16]
    return Text(train, val, test, tuple(f"w{i}" for i in range(words)), f"markov-text-synthetic:{checksum}")


@dataclass(frozen=True)
class Segment:
    """`inputs` and `targets`: int64 (time, batch), targets one word later; `position`: number within its stream;
    `stream`: which one, so that a state is carried on within a stream only."""

    inputs: np.ndarray
    targets: np.ndarray
    position: int
    stream: int = 0


_streams = itertools.count(1)


class Stream:
    """`text` (n,) in `batch` columns of equal length, cut into segments of `length` words (the last may be shorter).

    What does not fill a row of columns is left out: fewer than `batch` + 1 words.
    """

    def __init__(self, text: np.ndarray, batch: int, length: int):
        text = np.asarray(text)
        if text.ndim != 1 or not np.issubdtype(text.dtype, np.integer) or len(text) < 2 or text.min() < 0:
            raise SettingError(
                f"text of shape {text.shape} and type {text.dtype}: expected two or more word numbers from 0 in a row"
            )
        batch, length = checks.whole("batch", batch, 1, len(text) // 2), checks.whole("length", length, 1, len(text))
        rows = (len(text) - 1) // batch
        self.batch, self.length, self.number = batch, length, next(_streams)
        self.inputs = np.ascontiguousarray(text[: rows * batch].reshape(batch, rows).T)
        self.targets = np.ascontiguousarray(text[1 : rows * batch + 1].reshape(batch, rows).T)

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.length)

    def __getitem__(self, position: int) -> Segment:
        if not 0 <= position < len(self):
            raise IndexError(position)
        span = slice(position * self.length, (position + 1) * self.length)
        return Segment(self.inputs[span], self.targets[span], position, self.number)

    def __iter__(self) -> Iterator[Segment]:
        return (self[position] for position in range(len(self)))


class AlternatingSegments:
    """The training text for weights and architecture both, as in AdvantageNAS's search on Penn Treebank: even segments
    are "training" batches, odd ones "validation" batches; whoever takes them in turn reads the text from start to end.
    """

    def __init__(self, stream: Stream):
        checks.instance("stream", stream, Stream, "a Stream of a text")
        if len(stream) < 2:
            raise SettingError(f"the text has {len(stream)} segment: expected at least 2")
        self.stream = stream
        content = hashlib.sha256(np.ascontiguousarray(stream.inputs, np.int64).tobytes())
        content.update(np.ascontiguousarray(stream.targets, np.int64).tobytes())
        self.settings = {
            "words": int(stream.inputs.size),
            "batch": stream.batch,
            "length": stream.length,
            "content": content.hexdigest()[:16],
        }

    def train(self, epoch: int) -> list[Segment]:
        return self._every_second(0)

    def val(self, epoch: int) -> list[Segment]:
        return self._every_second(1)

    def _every_second(self, first: int) -> list[Segment]:
        return [self.stream[2 * pair + first] for pair in range(len(self.stream) // 2)]


def _count(name: str, value: int | None, least: int, most: int) -> int:
    return most if value is None else checks.whole(name, value, least, most)
