"""Merkle trees as Certificate Transparency has them (RFC 6962 section 2.1): one hash for a list, and short proofs.

Leaves and nodes are hashed with different first bytes, so that no node can be passed off as a leaf.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf: 32 bytes of SHA-256."""
    return hashlib.sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of a tree, from its leaves' hashes in order; of an empty tree, that of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = list(leaves)
    # The RFC splits at the largest power of two; joining neighbours level by level makes the same tree.
    while len(level) > 1:
        paired = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
        level = paired + level[2 * len(paired) :]
    return level[0]


def proof(leaves: Sequence[bytes], place: int) -> list[tuple[str, bytes]]:
    """The audit path of a leaf: from it to the root, each node's sibling, and on which side that lies.

    `place` counts from 0. Raises IndexError where there is no such leaf.
    """
    if not 0 <= place < len(leaves):
        raise IndexError(place)
    path: list[tuple[str, bytes]] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(("left" if sibling < place else "right", level[sibling]))
        paired = [_node(level[each], level[each + 1]) for each in range(0, len(level) - 1, 2)]
        level = paired + level[2 * len(paired) :]
        place //= 2
    return path


def root_by_proof(leaf: bytes, path: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf's hash and an audit path lead to: the tree's own, if the leaf is in it."""
    reached = leaf
    for side, sibling in path:
        reached = _node(sibling, reached) if side == "left" else _node(reached, sibling)
    return reached


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
