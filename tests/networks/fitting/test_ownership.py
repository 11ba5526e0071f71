"""Whose parameters an optimizer has: what trains nothing raises, what trains a part does not."""

import copy
import pickle

import pytest

import nn
from autograd import Value
from nn.optimizer import ParametersError

LOGITS = nn.binary_cross_entropy_with_logits
X, Y = nn.data.moons(12, seed=0)


def network(seed=0):
    return nn.MLP(2, [3, 1], "tanh", generator=seed)


def fit(model, optimizer, loss=LOGITS, **options):
    return nn.fit(model, X, Y, loss, optimizer, 2, 4, progress=False, **options)


def refused(model, optimizer, match, loss=LOGITS):
    numbers = [p.data for p in [*model.parameters(), *optimizer.parameters]]
    with pytest.raises(ParametersError, match=match):
        fit(model, optimizer, loss)
    assert [p.data for p in [*model.parameters(), *optimizer.parameters]] == numbers
    assert (optimizer.steps, optimizer.progress) == (0, None)


AS_GIVEN = [lambda parameters: parameters, list, iter]


@pytest.mark.parametrize("given", AS_GIVEN)
def test_the_parameters_of_another_model(given):
    optimizer = nn.SGD(given(network(1).parameters()))
    refused(network(), optimizer, r"13 of the 13.*nn\.SGD\(model\.parameters\(\), \.\.\.\)")


@pytest.mark.parametrize("given", AS_GIVEN)
def test_a_layer_replaced_after_the_optimizer_was_made(given):
    model = network()
    optimizer = nn.Adam(given(model.parameters()))
    model.layers[1] = nn.Layer(3, 1, generator=1)
    refused(model, optimizer, r"4 of the 13.*make it anew: nn\.Adam")


@pytest.mark.parametrize("given", AS_GIVEN)
def test_a_weight_replaced_after_the_optimizer_was_made(given):
    model = network()
    optimizer = nn.SGD(given(model.parameters()))
    model.layers[0].neurons[1].b = Value(0.5)
    refused(model, optimizer, "1 of the 13")


def test_a_layer_added_after_the_optimizer_was_made():
    model = network()
    optimizer = nn.SGD(model.parameters())
    model.layers.append(nn.Layer(1, 1, generator=1))
    refused(model, optimizer, r"layers\.2\.neurons\.0\.w\.0 for one.*make it anew")


def test_a_frozen_layer_added_is_fine():
    model = network()
    optimizer = nn.SGD(model.parameters())
    model.layers.append(nn.Layer(1, 1, generator=1))
    for parameter in model.layers[2].parameters():
        parameter.requires_grad = False
    assert fit(model, optimizer).epochs == 2


def test_a_model_whose_parameters_are_all_frozen():
    model = network()
    optimizer = nn.SGD(model.parameters())
    for parameter in model.parameters():
        parameter.requires_grad = False
    refused(model, optimizer, "all are frozen: set p.requires_grad = True")


def test_a_copy_of_the_model_is_another_model():
    model = network()
    refused(copy.deepcopy(model), nn.SGD(model.parameters()), "13 of the 13")


def test_a_loss_that_does_not_use_the_model():
    w = Value(1.0)
    refused(network(), nn.SGD(network(1).parameters()), "13 of the 13", lambda p, t: w * w)


def test_a_parameter_besides_the_models_that_nothing_uses():
    model = network()
    refused(model, nn.SGD([*model.parameters(), Value(1.0)]), "1 of the 14")


def test_one_of_two_further_parameters_that_a_whole_epoch_does_not_reach():
    model, used, unused = network(), Value(1.0), Value(1.0)
    optimizer = nn.SGD([*model.parameters(), used, unused])
    with pytest.raises(ParametersError, match="1 of the 15"):
        fit(model, optimizer, lambda p, t: LOGITS([used * q for q in p], t))


@pytest.mark.parametrize("given", AS_GIVEN)
def test_a_layer_replaced_while_it_trains(given):
    model = network()
    optimizer = nn.SGD(given(model.parameters()))

    def replace(history, model):
        model.layers[1] = nn.Layer(3, 1, generator=1)

    with pytest.raises(ParametersError, match="4 of the 13"):
        fit(model, optimizer, callbacks=[replace])
    assert optimizer.progress["epochs"] == 1


# --- what is fine ------------------------------------------------------------------------


@pytest.mark.parametrize("given", AS_GIVEN)
def test_a_part_of_the_model(given):
    model = network()
    before = model.state_dict()
    fit(model, nn.SGD(given(model.layers[1].parameters()), 0.1))
    after = model.state_dict()
    assert {name for name in before if before[name] != after[name]} == {
        name for name in before if name.startswith("layers.1")
    }


def test_frozen_parameters_among_others():
    model = network()
    optimizer = nn.SGD(model.parameters(), 0.1)
    for parameter in model.layers[0].parameters():
        parameter.requires_grad = False
    before = model.state_dict()
    fit(model, optimizer)
    after = model.state_dict()
    assert all(before[name] == after[name] for name in before if name.startswith("layers.0"))
    assert before != after


@pytest.mark.parametrize("alone", [False, True])
def test_a_parameter_of_the_loss(alone):
    model, temperature = network(), Value(1.0)
    own = [] if alone else model.parameters()
    fit(
        model,
        nn.SGD([*own, temperature], 0.1),
        lambda p, t: LOGITS([temperature * q for q in p], t),
    )
    assert temperature.data != 1.0


def test_a_model_that_is_part_of_what_the_optimizer_trains():
    class Two(nn.Module):
        def __init__(self):
            self.one, self.other = network(0), network(1)

    both = Two()
    before = both.other.state_dict()
    fit(both.one, nn.SGD(both.parameters(), 0.1))
    assert both.other.state_dict() == before


def test_parameters_that_the_optimizer_leaves_out_of_a_loss_reached_only_in_some_batches():
    model, weights = network(), [Value(1.0), Value(1.0)]
    optimizer = nn.SGD([*model.parameters(), *weights], 0.1)
    seen = iter(range(100))

    def loss(predictions, targets):  # one of the two weights in each batch
        return weights[next(seen) % 2] * LOGITS(predictions, targets)

    assert fit(model, optimizer, loss).epochs == 2


def test_what_parameters_gives_is_a_list_and_optimizers_can_be_copied():
    model = network()
    parameters = model.parameters()
    assert isinstance(parameters, list)
    assert parameters == [p for _, p in model.named_parameters()]
    assert type(pickle.loads(pickle.dumps(parameters))) is list
    optimizer = nn.SGD(parameters)
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert [p.data for p in other.parameters] == [p.data for p in parameters]
    twin, trainer = copy.deepcopy((model, optimizer))
    assert fit(twin, trainer).epochs == 2
