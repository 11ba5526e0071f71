"""Learning-rate schedules against torch.optim.lr_scheduler, and by hand."""

import pytest

from nn import schedules

EPOCHS = 25


def torch_rates(make, learning_rate=0.3):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=learning_rate)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    for _ in range(EPOCHS):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (schedules.constant(0.3), lambda lib, o: lib.ConstantLR(o, factor=1.0)),
        (schedules.step(0.3, 7), lambda lib, o: lib.StepLR(o, 7)),
        (schedules.step(0.3, 1, 0.5), lambda lib, o: lib.StepLR(o, 1, 0.5)),
        (schedules.step(0.3, 10, 2.0), lambda lib, o: lib.StepLR(o, 10, 2.0)),
        (schedules.exponential(0.3, 0.9), lambda lib, o: lib.ExponentialLR(o, 0.9)),
        (schedules.cosine(0.3, EPOCHS), lambda lib, o: lib.CosineAnnealingLR(o, EPOCHS)),
        (schedules.cosine(0.3, 40, 0.01), lambda lib, o: lib.CosineAnnealingLR(o, 40, 0.01)),
        (schedules.linear(0.3, 0.03, 12), lambda lib, o: lib.LinearLR(o, 1.0, 0.1, 12)),
        (schedules.linear(0.3, 0.0, 40), lambda lib, o: lib.LinearLR(o, 1.0, 0.0, 40)),
        (schedules.linear(0.06, 0.3, 10), lambda lib, o: lib.LinearLR(o, 0.2, 1.0, 10)),
    ],
)
def test_rates_are_those_of_torch(ours, theirs):
    rates = [ours(epoch) for epoch in range(EPOCHS)]
    assert rates == pytest.approx(list(torch_rates(theirs)), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (schedules.constant(0.5), [0.5, 0.5, 0.5]),
        (schedules.step(1.0, 2), [1.0, 1.0, 0.1, 0.1, 0.01]),
        (schedules.step(8.0, 1, 0.5), [8.0, 4.0, 2.0, 1.0]),
        (schedules.exponential(1.0, 0.5), [1.0, 0.5, 0.25, 0.125]),
        (schedules.cosine(1.0, 2), [1.0, 0.5, 0.0, 0.0, 0.0]),
        (schedules.cosine(1.0, 3, 0.2), [1.0, 0.8, 0.4, 0.2, 0.2]),
        (schedules.cosine(1.0, 1), [1.0, 0.0, 0.0]),
        (schedules.linear(1.0, 0.0, 4), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]),
        (schedules.linear(1.0, 2.0, 1), [1.0, 2.0, 2.0]),
        (schedules.warm_up(schedules.constant(0.6), 3), [0.2, 0.4, 0.6, 0.6]),
        (schedules.warm_up(schedules.exponential(1.0, 0.5), 2), [0.5, 1.0, 1.0, 0.5, 0.25]),
        (schedules.warm_up(schedules.linear(1.0, 0.0, 2), 1), [1.0, 1.0, 0.5, 0.0, 0.0]),
    ],
)
def test_rates_by_hand(schedule, expected):
    rates = [schedule(epoch) for epoch in range(len(expected))]
    assert rates == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: schedules.step(1.0, 0), "every"),
        (lambda: schedules.cosine(1.0, 0), "epochs"),
        (lambda: schedules.linear(1.0, 0.0, 0), "epochs"),
        (lambda: schedules.warm_up(schedules.constant(1.0), 0), "epochs"),
    ],
)
def test_a_span_below_one_is_an_error(make, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        make()
