import itertools
import os
import shutil
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.errors import DotMissingError, GraphError, ShapeError
from autograd.visual.graph.layout import dot_layout, layered_layout

RANKDIRS = ("LR", "TB", "RL", "BT")
LAYOUTS = [
    layered_layout,
    pytest.param(
        dot_layout,
        marks=pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot"),
    ),
]
SIZE = (40.0, 20.0)
NEAR = 1e-6


def on_curve(route, pieces=24):
    """Points along a route of cubic Bezier curves, by repeated interpolation (de Casteljau)."""
    assert len(route) % 3 == 1
    points = [route[0]]
    for first in range(0, len(route) - 1, 3):
        for piece in range(1, pieces + 1):
            t = piece / pieces
            control = list(route[first : first + 4])
            while len(control) > 1:
                control = [
                    ((1 - t) * ax + t * bx, (1 - t) * ay + t * by)
                    for (ax, ay), (bx, by) in itertools.pairwise(control)
                ]
            points.append(control[0])
    return points


def inside(point, centre, size, by=NEAR):
    return all(abs(p - c) < s / 2 - by for p, c, s in zip(point, centre, size, strict=True))


def apart(one, other):
    """Whether two (centre, size) rectangles share no area."""
    (first, first_size), (second, second_size) = one, other
    return any(
        abs(a - b) >= (s + t) / 2 - NEAR
        for a, b, s, t in zip(first, second, first_size, second_size, strict=True)
    )


def crossings(routes):
    """Pairs of edges that cross, those with a common end not counted."""
    lines = [on_curve(route) for route in routes]

    def cross(one, other):
        return any(
            _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0
            for a, b in itertools.pairwise(one)
            for c, d in itertools.pairwise(other)
        )

    return sum(cross(one, other) for one, other in itertools.combinations(lines, 2))


def _side(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def progress(centre, rankdir):
    """How far a point is along the direction of the edges."""
    x, y = centre
    return {"LR": x, "RL": -x, "TB": y, "BT": -y}[rankdir]


def entries(found, edges, box, rankdir):
    """Where the edges into a box end, from top to bottom or from left to right."""
    side = 1 if rankdir in ("LR", "RL") else 0
    return [
        route[-1][side] for (_, head), route in zip(edges, found.routes, strict=True) if head == box
    ]


lengths = st.integers(1, 120).map(float)
sizes_of_boxes = st.lists(st.tuples(lengths, lengths), min_size=1, max_size=12)


@st.composite
def pictures(draw, cyclic=False):
    """Sizes, edges and keyword arguments of a layout."""
    sizes = draw(sizes_of_boxes)
    box = st.integers(0, len(sizes) - 1)
    pairs = draw(st.lists(st.tuples(box, box).filter(lambda pair: pair[0] != pair[1]), max_size=24))
    edges = pairs if cyclic else [(min(pair), max(pair)) for pair in pairs]
    label = st.none() | st.tuples(lengths, lengths)
    labels = draw(st.lists(label, min_size=len(edges), max_size=len(edges)) | st.just([]))
    return sizes, edges, {"label_sizes": labels, "rankdir": draw(st.sampled_from(RANKDIRS))}


# Both layouts


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_boxes(layout):
    found = layout([], [])
    assert found.centres == found.routes == found.label_centres == ()
    assert found.width > 0
    assert found.height > 0


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rankdir", RANKDIRS)
def test_one_box_stands_in_the_middle(layout, rankdir):
    found = layout([(60, 30)], [], rankdir=rankdir)
    assert found.centres[0] == pytest.approx((found.width / 2, found.height / 2))
    assert found.width == pytest.approx(60 + 16, abs=1)
    assert found.height == pytest.approx(30 + 16, abs=1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rankdir", RANKDIRS)
def test_edges_run_in_the_direction_asked_for_from_side_to_side(layout, rankdir):
    found = layout([SIZE, SIZE], [(0, 1)], rankdir=rankdir)
    tail, head = found.centres
    half = SIZE[0] / 2 if rankdir in ("LR", "RL") else SIZE[1] / 2
    start, end = found.routes[0][0], found.routes[0][-1]
    assert progress(start, rankdir) == pytest.approx(progress(tail, rankdir) + half, abs=0.5)
    assert progress(end, rankdir) == pytest.approx(progress(head, rankdir) - half, abs=0.5)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parallel_edges_are_two_curves(layout):
    first, second = layout([SIZE, SIZE], [(0, 1), (0, 1)]).routes
    farthest = max(abs(a[1] - b[1]) for a, b in zip(on_curve(first), on_curve(second), strict=True))
    assert farthest > 5


@pytest.mark.parametrize("layout", LAYOUTS)
@given(picture=pictures(cyclic=True))
def test_a_place_for_every_box_edge_and_label(layout, picture):
    sizes, edges, options = picture
    found = layout(sizes, edges, **options)
    assert len(found.centres) == len(sizes)
    assert len(found.routes) == len(edges)
    labels = options["label_sizes"] or [None] * len(edges)
    assert [c is None for c in found.label_centres] == [size is None for size in labels]
    for route in found.routes:
        assert len(route) % 3 == 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (([SIZE], [], (), "XY"), ValueError, "rankdir must be LR, TB, RL or BT, got 'XY'"),
        (([SIZE], [(0, 1)], (), "LR"), ValueError, r"edge \(0, 1\) names a box .* there are 1"),
        (([SIZE], [(-1, 0)], (), "LR"), ValueError, "does not exist"),
        (([SIZE], [(0, 0)], (), "LR"), ValueError, "joins a box to itself"),
        (([SIZE, SIZE], [(0, 1)], [None, None], "LR"), ShapeError, "1 edges but 2 label sizes"),
        (([(float("nan"), 1)], [], (), "LR"), ValueError, r"got \(nan, 1\)"),
        (([(-1, 1)], [], (), "LR"), ValueError, "not below 0"),
        (([(1, 2, 3)], [], (), "LR"), ValueError, r"\(width, height\)"),
        (([SIZE, SIZE], [(0, 1)], [(float("inf"), 1)], "LR"), ValueError, "finite"),
    ],
)
def test_refusals(layout, arguments, error, says):
    sizes, edges, labels, rankdir = arguments
    with pytest.raises(error, match=says):
        layout(sizes, edges, label_sizes=labels, rankdir=rankdir)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rankdir", RANKDIRS)
def test_edges_enter_an_ordered_box_in_order(layout, rankdir):
    # The second operand of box 2 = 0 - 1 is the first of box 3 = 1 - 0, and box 5 = 4 - 2.
    edges = [(0, 2), (1, 2), (1, 3), (0, 3), (2, 4), (3, 4), (4, 5), (2, 5)]
    found = layout([SIZE] * 6, edges, rankdir=rankdir, ordered=[2, 3, 5])
    for box in (2, 3, 5):
        first, second = entries(found, edges, box, rankdir)
        assert second - first > 5


@pytest.mark.parametrize("layout", LAYOUTS)
@given(picture=pictures(), ordered=st.sets(st.integers(0, 11)))
def test_edges_enter_every_ordered_box_in_order_on_its_side(layout, picture, ordered):
    sizes, edges, options = picture
    ordered = {box for box in ordered if box < len(sizes)}
    found = layout(sizes, edges, ordered=ordered, **options)
    rankdir = options["rankdir"]
    for box in ordered:
        ends = entries(found, edges, box, rankdir)
        assert ends == sorted(ends)
        least, most = box_side(found, sizes, box, rankdir)
        assert all(least <= end <= most for end in ends)


def box_side(found, sizes, box, rankdir):
    """The side of a box where edges enter, from its smaller coordinate to its larger."""
    side = 1 if rankdir in ("LR", "RL") else 0
    middle, half = found.centres[box][side], sizes[box][side] / 2
    return middle - half - 0.6, middle + half + 0.6  # dot rounds to whole pixels


@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_many_operands_as_there_are_pixels_still_enter_in_order(layout):
    edges = [(operand, 30) for operand in reversed(range(30))]
    found = layout([SIZE] * 31, edges, ordered=[30])
    ends = entries(found, edges, 30, "LR")
    assert ends == sorted(ends)
    assert 12 < ends[-1] - ends[0] <= 20


# The layered layout, worked by hand: margin 8, ranks 36 apart, boxes of a rank 16 apart

X, Y, Z, SUM, PRODUCT = range(5)
TEXTBOOK = [(X, SUM), (Y, SUM), (SUM, PRODUCT), (Z, PRODUCT)]  # (x + y) * z


def test_textbook_graph_left_to_right():
    found = layered_layout([SIZE] * 5, TEXTBOOK)
    x = [centre[0] for centre in found.centres]
    y = [centre[1] for centre in found.centres]
    assert x == [28, 28, 104, 104, 180]
    assert found.width == 208
    assert y[Y] - y[X] >= 36
    assert y[Z] - y[SUM] == pytest.approx(36)
    assert (y[SUM], y[PRODUCT]) == pytest.approx(((y[X] + y[Y]) / 2, (y[SUM] + y[Z]) / 2), abs=10)


def test_the_other_directions_are_the_same_picture_turned():
    square = [(30, 30)] * 5
    right = layered_layout(square, TEXTBOOK, rankdir="LR")
    left = layered_layout(square, TEXTBOOK, rankdir="RL")
    down = layered_layout(square, TEXTBOOK, rankdir="TB")
    up = layered_layout(square, TEXTBOOK, rankdir="BT")
    assert (left.width, left.height) == (right.width, right.height)
    assert (down.width, down.height) == (up.width, up.height) == (right.height, right.width)
    for (x, y), turned, lower, upper in zip(
        right.centres, left.centres, down.centres, up.centres, strict=True
    ):
        assert turned == pytest.approx((right.width - x, y))
        assert lower == pytest.approx((y, x))
        assert upper == pytest.approx((y, right.width - x))


def test_a_chain_is_a_straight_line():
    found = layered_layout([SIZE] * 4, [(0, 1), (1, 2), (2, 3)])
    assert {y for _, y in found.centres} == {18.0}
    assert {y for route in found.routes for _, y in route} == {18.0}


def test_leaves_stand_just_before_their_consumer():
    # 0 -> 1 -> 2 -> 3, and 4 -> 3
    found = layered_layout([SIZE] * 5, [(0, 1), (1, 2), (2, 3), (4, 3)])
    assert found.centres[4][0] == found.centres[2][0]


def test_a_tree_has_no_crossings_and_its_operands_in_order():
    # Heap order: the operands of box n are 2n + 1 and 2n + 2.
    edges = [(operand, (operand - 1) // 2) for operand in range(1, 31)]
    found = layered_layout([SIZE] * 31, edges)
    assert crossings(found.routes) == 0
    leaves = [found.centres[box][1] for box in range(15, 31)]
    assert leaves == sorted(leaves)


def test_a_crossing_that_the_given_order_has_is_undone():
    # Leaves 0 and 1 are consumed by 2 and 3 the wrong way round; 4 joins the two.
    found = layered_layout([SIZE] * 5, [(1, 2), (0, 3), (2, 4), (3, 4)])
    assert crossings(found.routes) == 0


def test_two_operands_of_two_results_cross_once():
    found = layered_layout([SIZE] * 4, [(0, 2), (1, 2), (0, 3), (1, 3)])
    assert crossings(found.routes) == 1


def test_operands_keep_their_order_where_it_costs_nothing():
    found = layered_layout([SIZE] * 3, [(1, 2), (0, 2)])  # second box - first box
    assert found.centres[1][1] < found.centres[0][1]
    first, second = found.routes
    assert first[-1][1] < second[-1][1]


def test_operands_of_an_ordered_box_stand_in_order_where_that_costs_nothing():
    # 1 = exp(0), 3 = 1 - 2, 5 = 1 + 4, 6 = 3 / 5: leaf 2 goes under box 1, for all its edges.
    edges = [(0, 1), (1, 3), (2, 3), (1, 5), (4, 5), (3, 6), (5, 6)]
    found = layered_layout([SIZE] * 7, edges, ordered=[3, 6])
    assert found.centres[1][1] < found.centres[2][1]
    assert crossings(found.routes) == 1


def test_operands_of_different_depth_keep_their_order_where_it_costs_nothing():
    # Box 2 = f(1), box 3 = g(2, 0, 1), box 4 = h(2).
    found = layered_layout([SIZE] * 5, [(1, 2), (2, 3), (0, 3), (1, 3), (2, 4)])
    assert crossings(found.routes) == 0
    ends = [route[-1][1] for route in found.routes[1:4]]
    assert ends == sorted(ends)


def test_edges_arrive_side_by_side_in_the_order_they_come():
    # A decomposed tanh, (e - 1) / (e + 1): the box of e stands between the two ones.
    e, one, other_one, difference, total, quotient = range(6)
    edges = [(e, difference), (one, difference), (e, total), (other_one, total)]
    found = layered_layout([SIZE] * 6, [*edges, (difference, quotient), (total, quotient)])
    assert crossings(found.routes) == 0


def test_leaves_end_where_their_rank_ends():
    found = layered_layout([(40, 20), (80, 20), SIZE], [(0, 2), (1, 2)])
    assert [centre[0] for centre in found.centres] == [68, 48, 144]


def test_ranks_stand_further_apart_where_edges_are_steep():
    narrow = layered_layout([SIZE] * 3, [(0, 2), (1, 2)])
    wide = layered_layout([SIZE] * 21, [(leaf, 20) for leaf in range(20)])
    assert narrow.width == 16 + 40 + 36 + 40
    assert wide.width == 16 + 40 + 80 + 40


def test_a_long_edge_is_level_where_there_is_room():
    sizes = [SIZE, (40, 20), (40, 90), (40, 50), (40, 70), SIZE]
    found = layered_layout(sizes, [*itertools.pairwise(range(6)), (0, 5)])
    levels = {round(y, 3) for _, y in found.routes[5]}
    assert len(levels) == 3  # at the tail, past the boxes between, at the head


def test_an_edge_over_several_ranks_goes_round_the_boxes_between():
    sizes = [SIZE] * 4
    found = layered_layout(sizes, [(0, 1), (1, 2), (2, 3), (0, 3)])
    for point in on_curve(found.routes[3]):
        assert not any(inside(point, c, s) for c, s in zip(found.centres, sizes, strict=True))


def test_edges_leave_a_box_as_one_wire():
    # 0 feeds the chain 1 -> 2 -> 3 -> 4 at 1, 3 and 4: the long ways start alike.
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (0, 4)]
    found = layered_layout([SIZE] * 5, edges)
    assert found.routes[4][:4] == found.routes[5][:4]


def test_labels_lie_beside_their_edge():
    found = layered_layout([SIZE, SIZE], [(0, 1)], label_sizes=[(30, 12)])
    (x, y), level = found.label_centres[0], found.centres[0][1]
    assert found.centres[0][0] + 20 < x - 15
    assert x + 15 < found.centres[1][0] - 20
    assert y + 6 == level - 3
    down = layered_layout([SIZE, SIZE], [(0, 1)], label_sizes=[(30, 12)], rankdir="TB")
    assert down.label_centres[0][0] - 15 == down.centres[0][0] + 3


def test_a_cycle_has_one_edge_backwards():
    found = layered_layout([SIZE] * 3, [(0, 1), (1, 2), (2, 0)])
    x = [centre[0] for centre in found.centres]
    assert x == sorted(x)
    backwards = found.routes[2]
    assert backwards[0][0] == x[2] - 20  # out of the left side of its tail
    assert backwards[-1][0] == x[0] + 20  # into the right side of its head


def test_an_edge_backwards_has_a_wire_of_its_own():
    found = layered_layout([SIZE] * 3, [(0, 1), (1, 2), (2, 0), (0, 2)])
    backwards, forwards = (on_curve(route) for route in found.routes[2:])
    farthest = max(abs(a[1] - b[1]) for a, b in zip(backwards[::-1], forwards, strict=True))
    assert farthest > 5


def test_more_boxes_than_python_may_recurse():
    count = 2 * sys.getrecursionlimit()
    chain = [(box, box + 1) for box in range(count - 1)]
    found = layered_layout([SIZE] * count, [*chain, *((0, box) for box in range(2, count))])
    assert len(found.routes) == 2 * count - 3
    assert found.centres[-1][0] == max(x for x, _ in found.centres)


# The layered layout, for any graph


@given(pictures())
def test_ranks_increase_along_the_edges(picture):
    sizes, edges, options = picture
    found = layered_layout(sizes, edges, **options)
    rankdir = options["rankdir"]
    side = 0 if rankdir in ("LR", "RL") else 1
    for (tail, head), route in zip(edges, found.routes, strict=True):
        behind, before = sizes[tail][side] / 2, sizes[head][side] / 2
        start, end = progress(route[0], rankdir), progress(route[-1], rankdir)
        assert start == pytest.approx(progress(found.centres[tail], rankdir) + behind)
        assert end == pytest.approx(progress(found.centres[head], rankdir) - before)
        assert start < end
        arrow = progress(route[-1], rankdir) - progress(route[-2], rankdir)
        assert arrow > 0.3  # long enough to point somewhere


@given(pictures(cyclic=True))
def test_edges_start_and_end_on_a_side_of_their_boxes(picture):
    sizes, edges, options = picture
    found = layered_layout(sizes, edges, **options)
    for ends, route in zip(edges, found.routes, strict=True):
        for box, point in zip(ends, (route[0], route[-1]), strict=True):
            assert inside(point, found.centres[box], sizes[box], by=-NEAR)
            assert not inside(point, found.centres[box], sizes[box])


@given(pictures(cyclic=True))
def test_nothing_overlaps_and_everything_is_inside(picture):
    sizes, edges, options = picture
    found = layered_layout(sizes, edges, **options)
    boxes = list(zip(found.centres, sizes, strict=True))
    labels = [
        (centre, size)
        for centre, size in zip(found.label_centres, options["label_sizes"] or (), strict=False)
        if centre
    ]
    for one, other in itertools.combinations(boxes + labels, 2):
        assert apart(one, other)
    for (x, y), (width, height) in boxes + labels:
        assert width / 2 <= x + NEAR
        assert height / 2 <= y + NEAR
        assert x + width / 2 <= found.width + NEAR
        assert y + height / 2 <= found.height + NEAR


@given(pictures(cyclic=True))
def test_no_edge_runs_through_a_box_or_a_label(picture):
    sizes, edges, options = picture
    found = layered_layout(sizes, edges, **options)
    taken = list(zip(found.centres, sizes, strict=True))
    taken += [
        (centre, size)
        for centre, size in zip(found.label_centres, options["label_sizes"] or (), strict=False)
        if centre
    ]
    for route in found.routes:
        for point in on_curve(route):
            assert not any(inside(point, centre, size) for centre, size in taken)
            assert inside(point, (found.width / 2, found.height / 2), (found.width, found.height))


@given(pictures(cyclic=True))
def test_the_same_graph_gives_the_same_picture(picture):
    sizes, edges, options = picture
    assert layered_layout(sizes, edges, **options) == layered_layout(sizes, edges, **options)


# Graphviz


@pytest.mark.parametrize("rankdir", RANKDIRS)
@pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
def test_dot_makes_room_for_labels(rankdir):
    sizes, labels = [SIZE] * 5, [(50.0, 14.0)] * 3 + [None]
    found = dot_layout(sizes, TEXTBOOK, label_sizes=labels, rankdir=rankdir)
    assert found.label_centres[3] is None
    taken = list(zip(found.centres, sizes, strict=True))
    taken += list(zip(found.label_centres[:3], labels[:3], strict=True))
    for one, other in itertools.combinations(taken, 2):
        assert apart(one, other)
    for (x, y), (width, height) in taken:
        assert width / 2 <= x <= found.width - width / 2
        assert height / 2 <= y <= found.height - height / 2


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("box", [-1, 2])
def test_an_ordered_box_must_exist(layout, box):
    with pytest.raises(ValueError, match=rf"ordered names box {box}, .* only 2 boxes"):
        layout([SIZE, SIZE], [(0, 1)], ordered=[box])


def test_without_dot_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DotMissingError, match="apt install graphviz"):
        dot_layout([SIZE], [])


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
def test_a_failing_dot_is_an_error(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraphError, match="no memory"):
        dot_layout([SIZE], [])


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")
def test_a_dot_that_takes_too_long_is_stopped(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("autograd.visual.graph.dot_program.LONGEST", 0.1)
    with pytest.raises(GraphError, match=r'in 0\.1 seconds.*layout="layered"'):
        dot_layout([SIZE], [])
