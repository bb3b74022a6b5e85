"""Text streams cover the text in order; the synthetic text can be learnt; Penn Treebank where it is at hand."""

import re

import numpy as np
import pytest

from nascore.data import download, text, upstream
from nascore.errors import DataError, SettingError


def test_columns_read_the_text_from_start_to_end():
    words = np.arange(100, 145)  # 44 = 4 x 11 words with a next one
    stream = text.Stream(words, batch=4, length=3)
    assert [segment.position for segment in stream] == [0, 1, 2, 3] and len(stream) == 4
    inputs = np.concatenate([segment.inputs for segment in stream])
    targets = np.concatenate([segment.targets for segment in stream])
    assert inputs.T.ravel().tolist() == list(range(100, 144))
    assert (targets == inputs + 1).all()
    assert [len(segment.inputs) for segment in stream] == [3, 3, 3, 2]


def test_what_fills_no_row_is_left_out():
    stream = text.Stream(np.arange(13), batch=4, length=10)
    assert stream.inputs.shape == (3, 4) and stream.targets.max() == 12
    assert text.Stream(np.arange(12), batch=4, length=10).inputs.shape == (2, 4)


def test_alternating_segments_take_turns():
    data = text.AlternatingSegments(text.Stream(np.arange(101), batch=2, length=10))
    train, val = data.train(0), data.val(0)
    assert [s.position for pair in zip(train, val, strict=True) for s in pair] == [0, 1, 2, 3]
    with pytest.raises(SettingError, match="1 segment"):
        text.AlternatingSegments(text.Stream(np.arange(11), batch=2, length=10))


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"batch": 60}, {"length": 0}, {"length": True}, {"batch": 2.0}])
def test_stream_settings_are_checked(wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        text.Stream(np.arange(100), **{"batch": 2, "length": 5, **wrong})


def test_the_synthetic_text_is_seeded_and_learnable():
    made = text.markov_text(20, 2000, 1)
    assert made.label.startswith("markov-text-synthetic:")
    assert np.array_equal(made.train, text._chain.__wrapped__(20, 2000, 1).train)
    assert made.label != text.markov_text(20, 2000, 2).label
    assert [len(part) for part in (made.train, made.val, made.test)] == [2000, 500, 500]
    whole = np.concatenate([made.train, made.val, made.test])
    follow = set(zip(whole[:-1], whole[1:], strict=True))
    assert max(sum(a == word for a, _ in follow) for word in range(20)) <= 4
    with pytest.raises(ValueError):
        made.train[0] = 1


def test_tokens_and_numbers():
    assert text.tokenize(" a b a\n\n c\n") == ["a", "b", "a", "<eos>", "<eos>", "c", "<eos>"]
    made = text._text({"train": ["b", "a", "c", "a"], "val": ["c"], "test": []}, "x")
    assert made.words == ("a", "b", "c") and made.train.tolist() == [1, 0, 2, 0] and made.val.tolist() == [2]


def test_the_label_needs_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    assert text.ptb_label().startswith("ptb:") and len(text.ptb_label()) == 20


def test_missing_files_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    with pytest.raises(DataError, match="nascore data fetch ptb"):
        text._whole.__wrapped__()


def _at_hand() -> bool:
    return download.mirror_folder() is not None or all(
        download.state(file) == "fetched" for file in upstream.files("ptb")
    )


@pytest.mark.skipif(not _at_hand(), reason="Penn Treebank is not here: nascore data fetch ptb")
class TestPennTreebank:
    def test_counts(self):
        whole = text.penn_treebank()
        assert [len(part) for part in (whole.train, whole.val, whole.test)] == [929_589, 73_760, 82_430]
        assert len(whole.words) == len(set(whole.words)) == 10_000 and whole.words[0] == "the"
        assert whole.label == text.ptb_label()

    def test_cut(self):
        whole, cut = text.penn_treebank(), text.penn_treebank(1000, 50_000)
        assert len(cut.train) == 50_000 and len(cut.test) == len(whole.test) and cut.words == whole.words[:1000]
        unknown = whole.words.index("<unk>")
        changed = cut.test != whole.test
        assert (cut.test[changed] == unknown).all() and (whole.test[changed] >= 1000).all()
        assert cut.test.max() < 1000 and np.bincount(whole.train).argsort()[::-1][0] == 0

    @pytest.mark.parametrize("wrong", [{"words": 1}, {"words": 10_001}, {"tokens": 0}, {"tokens": "all"}])
    def test_bad_cuts(self, wrong):
        with pytest.raises(SettingError, match=next(iter(wrong))):
            text.penn_treebank(**wrong)


@pytest.mark.parametrize(
    "wrong", [np.zeros(9), np.zeros((3, 3), int), np.array([1]), np.array([], int), np.array([1, -1, 2]), ["a", "b"], 3]
)
def test_what_is_no_text(wrong):
    with pytest.raises(SettingError, match="word numbers"):
        text.Stream(wrong, 1, 1)


@pytest.mark.parametrize("values", [(True,), (40, 4000, -1), (40, 4000, [0]), (40, [4000]), ("40",), (4,)])
def test_wrong_markov_texts(values):
    with pytest.raises(SettingError):
        text.markov_text(*values)


def test_other_texts_of_one_length_are_other_data():
    texts = [text.markov_text(seed=seed) for seed in (0, 1)]
    first, second = (text.AlternatingSegments(text.Stream(each.train, 4, 10)).settings for each in texts)
    assert first["content"] != second["content"] and {**first, "content": 0} == {**second, "content": 0}
    assert first == text.AlternatingSegments(text.Stream(texts[0].train, 4, 10)).settings
    with pytest.raises(SettingError, match="stream=3"):
        text.AlternatingSegments(3)


def test_excerpts_of_penn_treebank_have_labels_of_their_own(monkeypatch):
    lines = {part: [["the", "<unk>", "cat", "the", "dog", text.END]] for part in text.PARTS}
    whole = text._text({part: rows[0] * 9 for part, rows in lines.items()}, text.ptb_label())
    monkeypatch.setattr(text, "_whole", lambda: whole)
    monkeypatch.setattr(text, "WORDS", len(whole.words))
    monkeypatch.setattr(text, "TOKENS", dict.fromkeys(text.PARTS, 54))
    labels = [text.penn_treebank(*excerpt).label for excerpt in ((), (4,), (None, 20), (4, 20), (5, 54))]
    assert labels[0] == labels[4] == text.ptb_label() and len(set(labels)) == 4
    assert all(label.startswith(text.ptb_label()) for label in labels)
    assert re.match("<Text ptb:.*: 20 train, 54 val", repr(text.penn_treebank(4, 20)))
