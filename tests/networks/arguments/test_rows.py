"""Samples by row position, whatever holds them; what has no rows is refused, and so are gaps."""

import math
from array import array
from types import SimpleNamespace

import numpy as np
import pytest

import nn
from autograd import Value
from autograd.errors import ShapeError
from nn.arguments.rows import DataError, RowsError, as_rows, check_finite, in_rows, opened

LOGITS = nn.binary_cross_entropy_with_logits
X = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 8.0]]
Y = [0, 1, 1, 0]


def holders():
    """Pairs that hold X and Y in other ways; the names of those whose library is missing differ."""
    yield "tuples", lambda: (tuple(map(tuple, X)), tuple(Y))
    yield "arrays", lambda: (np.array(X), np.array(Y))
    yield "object arrays", lambda: (np.array(X, dtype=object), np.array(Y, dtype=object))
    yield "rows that are arrays", lambda: ([np.array(row) for row in X], np.array(Y))
    yield "masked without a mask", lambda: (np.ma.array(X), np.ma.array(Y))
    yield "generators", lambda: ((row for row in X), (label for label in Y))
    yield "maps", lambda: (map(list, X), map(int, Y))
    yield "zip", lambda: (zip(*zip(*X, strict=True), strict=True), iter(Y))
    yield "dict views", lambda: (dict(enumerate(X)).values(), dict(enumerate(Y)).values())
    yield "array", lambda: (X, array("b", Y))
    yield "pandas", lambda: (frame(), pd().Series(Y, index=[5, 1, 0, 2]))
    yield "pandas, nullable", lambda: (frame().convert_dtypes(), pd().Series(Y, dtype="Int64"))
    yield "pandas, categories", lambda: (frame(), pd().Categorical(Y))
    yield "pandas, an index", lambda: (frame(), pd().Index(Y))
    yield "polars", lambda: (pl().DataFrame(X, schema=["a", "b"], orient="row"), pl().Series(Y))
    yield "rows that are iterators", lambda: ([iter(row) for row in X], iter(Y))
    yield "rows that are tensors", lambda: (list(torch().tensor(X)), list(torch().tensor(Y)))
    yield "torch", lambda: (torch().tensor(X, dtype=torch().float64), torch().tensor(Y))


def pd():
    return pytest.importorskip("pandas")


def pl():
    return pytest.importorskip("polars")


def torch():
    return pytest.importorskip("torch")


def frame():
    """X with an index that is neither sorted nor that of the targets."""
    return pd().DataFrame(X, columns=["a", "b"], index=[3, 0, 2, 1])


HOLDERS = dict(holders())


@pytest.mark.parametrize("name", HOLDERS)
def test_rows_are_those_of_lists(name):
    given, targets = HOLDERS[name]()
    assert [list(row) for row in as_rows(given)] == X
    assert as_rows(targets) == Y
    assert all(type(label) is int for label in as_rows(targets))


@pytest.mark.parametrize("name", HOLDERS)
def test_everything_that_takes_samples_pairs_them_by_position(name):
    def trained(samples, targets):
        model = nn.MLP(2, [3, 1], "tanh", generator=0)
        optimizer = nn.SGD(model.parameters(), 0.1)
        history = nn.fit(
            model, samples, targets, LOGITS, optimizer, 2, 2, progress=False,
            validation=HOLDERS[name](),
        )  # fmt: skip
        return model.state_dict(), history.loss, history.validation_loss

    assert trained(*HOLDERS[name]()) == trained(X, Y)
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    assert nn.evaluate(model, *HOLDERS[name](), LOGITS) == nn.evaluate(model, X, Y, LOGITS)
    assert nn.diagnose(model, *HOLDERS[name](), LOGITS) == nn.diagnose(model, X, Y, LOGITS)
    ours = list(nn.data.batches(*HOLDERS[name](), 3, seed=1))
    expected = list(nn.data.batches(X, Y, 3, seed=1))
    for (xs, ys), (expected_xs, expected_ys) in zip(ours, expected, strict=True):
        assert [list(row) for row in xs] == expected_xs
        assert ys == expected_ys
    parts = nn.data.train_test_split(*HOLDERS[name](), seed=1)
    expected = nn.data.train_test_split(X, Y, seed=1)
    for part, expected_part in zip(parts, expected, strict=True):
        assert [np.asarray(row).tolist() for row in part] == expected_part


@pytest.mark.parametrize("name", ["pandas", "polars", "torch", "generators"])
def test_boundary_surface_and_report_read_rows_too(name):
    pytest.importorskip("matplotlib")
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    assert nn.plots.decision_boundary(model, *HOLDERS[name](), resolution=np.int64(3))
    ours = nn.loss_surface(model, *HOLDERS[name](), LOGITS, resolution=3, seed=0)
    assert ours.losses == nn.loss_surface(model, X, Y, LOGITS, resolution=3, seed=0).losses
    assert nn.report(nn.History(), model, *HOLDERS[name](), LOGITS).html


def sparse():
    return pytest.importorskip("scipy.sparse").csr_matrix(np.eye(2))


def masked():
    return np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])


def lazy():
    return pl().DataFrame(X, orient="row").lazy()


@pytest.mark.parametrize("read", [as_rows, in_rows])
@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: {1.0, 2.0}, RowsError, r"X is a set.*sorted\(X\)"),
        (lambda: frozenset([1.0]), RowsError, r"X is a frozenset"),
        (lambda: {"a": [1.0]}, RowsError, r"X is a dict.*pass a list"),
        (lambda: "ab", RowsError, r"X must be a sequence of rows.*got str 'ab'"),
        (lambda: b"ab", RowsError, r"got bytes"),
        (lambda: 3.0, RowsError, r"got float 3.0"),
        (lambda: None, RowsError, r"got NoneType None"),
        (lambda: Value(1.0), RowsError, r"got Value"),
        (lambda: np.array(5.0), RowsError, r"got ndarray array"),
        (lambda: nn.MLP(1, [1]), RowsError, r"got MLP"),
        (lambda: torch().tensor(5.0), RowsError, r"got Tensor"),
        (lambda: torch().eye(2).to_sparse(), RowsError, r"sparse Tensor: pass X\.to_dense\(\)"),
        (sparse, RowsError, r"X is a sparse csr_matrix: pass X\.toarray\(\)"),
        (
            lambda: torch().tensor([[1.0]], requires_grad=True),
            RowsError,
            r"X is a Tensor that requires a gradient.*detach\(\)\.tolist\(\)",
        ),
        (lazy, RowsError, r"X is a LazyFrame.*X\.collect\(\)"),
        (masked, DataError, r"X has masked entries.*X\.filled"),
    ],
)
def test_what_has_no_rows_is_refused_with_the_way_out(read, make, error, match):
    with pytest.raises(error, match=match):
        read(make(), "X")


@pytest.mark.parametrize("name", HOLDERS)
def test_losses_metrics_and_predict_open_the_same_holders(name):
    _, targets = HOLDERS[name]()
    assert nn.squared_error([0.5, 1.0, 1.0, 0.0], targets) == 0.0625
    assert nn.metrics.accuracy([0.9, 0.8, 0.9, 0.1], HOLDERS[name]()[1]) == 0.75
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    assert model.predict(HOLDERS[name]()[0]) == model.predict(X)


@pytest.mark.parametrize("single", [3.0, "ab", None, Value(1.0), nn.MLP(1, [1])], ids=type)
def test_what_holds_nothing_is_left_as_it_is(single):
    assert opened(single) is single


def test_an_array_without_dimensions_is_what_it_holds():
    assert opened(np.array(5.0)) == 5.0
    with pytest.raises(RowsError, match="Tensor that requires a gradient"):
        opened(torch().tensor(5.0, requires_grad=True))


# --- gaps --------------------------------------------------------------------------------


def nested(levels):
    row = [1.0]
    for _ in range(levels):
        row = [row]
    return [row]


def itself():
    rows = []
    rows.append(rows)
    return rows


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: [[1.0, 2.0], [3.0, math.nan]], "nan in row 1, column 1"),
        (lambda: [[-math.inf]], "-inf in row 0, column 0"),
        (lambda: [0.0, 1.0, math.inf], r"inf in row 2 \(counted"),
        (lambda: [[1.0, None]], r"a gap \(None\) in row 0, column 1"),
        (lambda: [[[1.0, 2.0], [3.0, math.nan]]], "nan in row 0, column 1, column 1"),
        (lambda: [np.array([1.0, np.nan])], "nan in row 0, column 1"),
        (lambda: [np.float32("inf")], "inf in row 0"),
        (lambda: [[Value(math.nan)]], "nan in row 0, column 0"),
        (lambda: [[10**400]], "too large for a float in row 0, column 0"),
        (lambda: as_rows(pd().DataFrame({"a": [1, None]}, dtype="Int64")), "in row 1, column 0"),
        (lambda: as_rows(pd().Series([1, None], dtype="Int64")), "<NA>.*row 1 "),
        (lambda: as_rows(pl().DataFrame({"a": [1.0, None]})), r"\(None\) in row 1, column 0"),
        (itself, "contains itself, in row 0"),
        (lambda: nested(40), "nested more than 32 deep"),
    ],
)
def test_a_gap_is_found_by_row_and_column(make, place):
    with pytest.raises(DataError, match=f"X has .*{place}"):
        check_finite(make(), "X")


@pytest.mark.parametrize(
    "rows",
    [
        [[1e308, 1e308], [1e308, -1e308]],  # their sum overflows, they do not
        [1, True, np.int64(3), 2.5],
        [["red", 1.0], {"a": math.nan}],  # for a model of one's own
        ["abc", SimpleNamespace()],
        nested(20),
        [],
    ],
)
def test_finite_rows_and_what_only_a_model_knows_pass(rows):
    check_finite(rows, "X")


def refused(X, y, match, loss=LOGITS, error=DataError, **options):
    """Assert that fit refuses these samples before anything is changed."""
    model = nn.MLP(2, [2, 1], generator=0)
    before = model.state_dict()
    optimizer = nn.Adam(model.parameters())
    with pytest.raises(error, match=match):
        nn.fit(model, X, y, loss, optimizer, progress=False, **options)
    assert model.state_dict() == before
    assert optimizer.steps == 0


def test_fit_names_the_gap_before_anything_is_trained():
    broken = [*X[:3], [0.0, math.nan]]
    refused(broken, Y, "X has nan in row 3, column 1", batch_size=1)
    refused(X, [0, 1, math.nan, 1], "y has nan in row 2", batch_size=1)
    refused(X, Y, "validation X has nan in row 3, column 1", validation=(broken, Y))
    refused(X, Y, "validation y has a gap", validation=(X, [0, 1, None, 1]))


def test_evaluate_names_the_gap_too():
    with pytest.raises(DataError, match="X has nan in row 0, column 1"):
        nn.evaluate(nn.MLP(2, [1]), [[0.0, math.nan]], [0], LOGITS)
    with pytest.raises(DataError, match="y has nan in row 1"):
        nn.evaluate(nn.MLP(2, [1]), X[:2], [0, math.nan], LOGITS)
    with pytest.raises(ShapeError, match="4 samples but 3 targets"):
        nn.evaluate(nn.MLP(2, [1]), X, Y[:3], LOGITS)


def test_texts_are_told_from_numbers():
    refused(X, ["cat", "dog"] * 2, r"y has the text 'cat' in row 0: number the classes")
    refused([[1.0, "red"]] * 4, Y, "X has the text 'red' in row 0, column 1: make numbers")


def test_a_loss_of_ones_own_may_know_gaps_in_the_targets():
    def known(predictions, targets):
        pairs = [(p, t) for p, t in zip(predictions, targets, strict=True) if not math.isnan(t)]
        return nn.squared_error(*zip(*pairs, strict=True))

    model = nn.MLP(2, [2, 1], generator=0)
    optimizer = nn.SGD(model.parameters())
    history = nn.fit(model, X, [0, 1, math.nan, 1], known, optimizer, 1, progress=False)
    assert math.isfinite(history.loss[0])
    unknowing = lambda p, t: LOGITS(p, t)  # noqa: E731
    refused(X, [0, 1, math.nan, 1], "y has nan in row 2", unknowing, batch_size=1)


def test_lengths_and_emptiness_are_found_first():
    refused(X, Y[:2], "4 samples but 2 targets", error=ShapeError)
    refused([], [], "no samples", error=ShapeError)
    refused(X, Y, "validation: 4 samples but 2", error=ShapeError, validation=(X, Y[:2]))
    refused(X, Y, "validation: no samples", error=ShapeError, validation=([], []))
