"""The kind of all the targets, in one word."""

import pytest

from autograd import Value
from nn.class_reading.target_kinds import targets_kind


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([0, 1.0], "two"),
        ([1, 1], "ones"),
        ([1, -1], "signs"),
        ([0, 2], "classes"),
        ([0, 0.5], ""),
        (["a"], ""),
        ([], ""),
        ([[0, 1], [1, 0]], "one-hot"),
        ([[-1, 1], [1, -1]], "one-hot"),
        ([[1, 1], [1, 0]], "several"),
        ([[1, 1], [1, -1]], "several signs"),
        ([[0.5, 0.5]], ""),
        ([[1], [0]], ""),
        ([Value(0.0), Value(1.0)], "two"),
    ],
)
def test_kinds_of_targets(y, expected):
    assert targets_kind(y) == expected
