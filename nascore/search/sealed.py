"""Content with a first line that says its format and checksum, so that one changed bit never becomes another search."""

from __future__ import annotations

import hashlib


class NotSealed(ValueError):
    """The file does not begin as one of this format."""


class Damaged(ValueError):
    """The content is not what the checksum says."""


def seal(mark: bytes, content: bytes) -> bytes:
    """`content` behind its first line; `mark` names the format and its version."""
    return _head(mark, content) + b"\n" + content


def unseal(mark: bytes, whole: bytes) -> bytes:
    """The content that `seal` was given with the same mark; NotSealed or Damaged for anything else."""
    head, _, content = whole.partition(b"\n")
    if not head.startswith(mark):
        raise NotSealed
    if head != _head(mark, content):
        raise Damaged
    return content


def _head(mark: bytes, content: bytes) -> bytes:
    return mark + hashlib.sha256(content).hexdigest().encode()
