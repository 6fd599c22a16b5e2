"""RFC 6962 hashing, with the vectors of Certificate Transparency's own reference implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain import merkle

# https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc
LEAVES = [
    merkle.leaf_hash(bytes.fromhex(data))
    for data in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_a_tree_has_the_reference_root(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("place", "size", "path"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_a_proof_has_the_reference_path(place: int, size: int, path: list[str]) -> None:
    found = merkle.proof(LEAVES[:size], place)
    assert [sibling.hex() for _, sibling in found] == path
    assert merkle.root_by_proof(LEAVES[place], found).hex() == ROOTS[size]


@pytest.mark.parametrize("place", [-1, 3])
def test_there_is_no_proof_of_what_is_not_there(place: int) -> None:
    with pytest.raises(IndexError):
        merkle.proof(LEAVES[:3], place)


def as_the_rfc_has_it(data: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    from hashlib import sha256

    if len(data) < 2:
        return sha256(b"\x00" + data[0]).digest() if data else sha256().digest()
    half = 1
    while half * 2 < len(data):
        half *= 2
    return sha256(b"\x01" + as_the_rfc_has_it(data[:half]) + as_the_rfc_has_it(data[half:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=70), st.data())
def test_a_tree_of_any_size_is_the_rfcs_and_each_leaf_can_be_proved(data: list[bytes], chance: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(each) for each in data]
    assert merkle.root(leaves) == as_the_rfc_has_it(data)
    if leaves:
        place = chance.draw(st.integers(0, len(leaves) - 1))
        path = merkle.proof(leaves, place)
        assert merkle.root_by_proof(leaves[place], path) == merkle.root(leaves)
        assert merkle.root_by_proof(merkle.leaf_hash(b"another"), path) != merkle.root(leaves)
