import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.visual.graph.layering import (
    crossings,
    first_order,
    layered,
    ranked,
    reduce_crossings,
    with_trunks,
    without_cycles,
)


@st.composite
def graphs(draw, cyclic=False):
    """A number of boxes and edges between them, none from a box to itself."""
    count = draw(st.integers(1, 12))
    box = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(box, box).filter(lambda pair: pair[0] != pair[1]), max_size=30))
    return count, pairs if cyclic else [(min(pair), max(pair)) for pair in pairs]


def is_acyclic(count, edges):
    """Whether boxes without incoming edges can be taken away until none is left."""
    left, edges = set(range(count)), set(edges)
    while left:
        free = left - {head for _, head in edges}
        if not free:
            return False
        left -= free
        edges = {edge for edge in edges if edge[0] in left}
    return True


def links(layering):
    return [(lower, upper) for lower, uppers in enumerate(layering.after) for upper in uppers]


@given(graphs())
def test_an_acyclic_graph_keeps_its_edges(graph):
    count, edges = graph
    assert without_cycles(count, edges) == edges


@given(graphs(cyclic=True))
def test_cycles_are_broken_by_turning_edges_round(graph):
    count, edges = graph
    forward = without_cycles(count, edges)
    assert is_acyclic(count, forward)
    for new, old in zip(forward, edges, strict=True):
        assert new in (old, old[::-1])


def test_one_edge_of_a_ring_is_turned():
    assert without_cycles(4, [(0, 1), (1, 2), (2, 3), (3, 0)]) == [(0, 1), (1, 2), (2, 3), (0, 3)]


@given(graphs())
def test_ranks_increase_along_every_edge(graph):
    count, edges = graph
    rank = ranked(count, edges)
    assert all(rank[tail] < rank[head] for tail, head in edges)
    assert all(number >= 0 for number in rank)


def test_a_subexpression_of_leaves_waits_for_its_consumer():
    # 0 -> 1 -> 2 -> 3 -> 4, and (5, 6) -> 7 -> 4: box 7 belongs next to box 4.
    assert ranked(8, [(0, 1), (1, 2), (2, 3), (3, 4), (5, 7), (6, 7), (7, 4)]) == [
        *(0, 1, 2, 3, 4),
        *(2, 2, 3),
    ]


def test_a_result_of_shared_operands_stays_next_to_them():
    # Box 2 = f(0, 1) is used by 6 at the end of a chain; so are 0 and 1, but only at its start.
    edges = [(0, 2), (1, 2), (0, 3), (1, 3), (3, 4), (4, 5), (5, 6), (2, 6)]
    assert ranked(7, edges)[2] == 1


@given(graphs(), st.booleans())
def test_links_join_neighbouring_ranks_and_paths_join_the_ends(graph, labelled):
    count, edges = graph
    layering = layered(count, edges, labelled=labelled)
    for lower, upper in links(layering):
        assert layering.rank[upper] == layering.rank[lower] + 1
    for (tail, head), path in zip(edges, layering.paths, strict=True):
        trunk = layering.trunks[path.trunk]
        assert trunk[0] == tail
        assert path.head == head
        last = trunk[path.bends]
        if labelled:
            assert layering.before[path.label] == [last]
            last = path.label
        assert head in layering.after[last]
    rows = [
        sorted(node for node, rank in enumerate(layering.rank) if rank == number)
        for number in range(len(layering.order))
    ]
    assert [sorted(row) for row in layering.order] == rows


ordered_boxes = st.sets(st.integers(0, 11))


@given(graphs(), st.booleans(), ordered_boxes, st.randoms(use_true_random=False))
def test_crossings_are_counted_pair_by_pair(graph, labelled, ordered, random):
    count, edges = graph
    layering = layered(count, edges, labelled=labelled, ordered=ordered & set(range(count)))
    for row in layering.order:
        random.shuffle(row)
    place = {node: at for row in layering.order for at, node in enumerate(row)}
    ends = [
        (lower, (place[upper], position if upper in ordered else 0))
        for upper, lowers in enumerate(layering.before)
        for position, lower in enumerate(lowers)
    ]
    expected = sum(
        layering.rank[a] == layering.rank[c]
        and ((place[a] < place[c] and b > d) or (place[a] > place[c] and b < d))
        for (a, b), (c, d) in itertools.combinations(ends, 2)
    )
    assert crossings(layering, layering.order) == expected


E, ONE, OTHER_ONE, SUB, ADD, DIV = range(6)
TANH = [(E, SUB), (ONE, SUB), (E, ADD), (OTHER_ONE, ADD), (SUB, DIV), (ADD, DIV)]


@pytest.mark.parametrize("labelled", [False, True])
def test_the_shared_operand_of_a_decomposed_tanh_goes_in_the_middle(labelled):
    # Depth first, e comes before both ones, with a crossing; a sweep sees better.
    layering = layered(6, TANH, labelled=labelled)
    assert crossings(layering, layering.order) == 0
    assert layering.order[0] == [ONE, E, OTHER_ONE]


def test_results_change_places_when_that_saves_a_crossing():
    # Depth first the results come as given, 1 5 6; box 6 shares box 0 with box 1.
    edges = [(0, 1), (2, 5), (0, 6), (3, 6)]
    layering = layered(7, edges, labelled=False)
    assert crossings(layering, layering.order) == 0
    assert layering.order[1] == [1, 6, 5]


def test_neighbours_are_swapped_when_no_sweep_finds_it():
    edges = [(0, 1), (1, 3), (2, 3), (3, 4), (0, 4), (2, 4)]
    layering = layered(5, edges, labelled=False)
    assert crossings(layering, layering.order) == 0


@given(graphs(), ordered_boxes)
def test_labels_do_not_change_the_order_or_the_crossings(graph, ordered):
    count, edges = graph
    ordered &= set(range(count))
    plain = layered(count, edges, labelled=False, ordered=ordered)
    labelled = layered(count, edges, labelled=True, ordered=ordered)
    assert labelled.order[::2] == plain.order
    assert crossings(labelled, labelled.order) == crossings(plain, plain.order)


@given(graphs())
def test_the_order_found_has_no_more_crossings_than_the_first(graph):
    count, edges = graph
    layering = with_trunks(ranked(count, edges), edges, edges)
    layering.order = first = first_order(layering)
    reduce_crossings(layering)
    assert crossings(layering, layering.order) <= crossings(layering, first)


def test_the_best_order_of_complete_layers():
    # Of two operands and three results, each pair of results crosses once in any order.
    edges = [(operand, result) for operand in (0, 1) for result in (2, 3, 4)]
    layering = layered(5, edges, labelled=False)
    assert crossings(layering, layering.order) == 3
