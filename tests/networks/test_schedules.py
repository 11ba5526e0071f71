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


# --- counted in updates, and following the loss --------------------------------------------

LOSSES = [5.0, 4.0, 4.0, 3.9999, 4.1, 4.0, 3.0, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, float("nan")] * 2


@pytest.mark.parametrize(
    ("options", "peer_options"),
    [
        ({"patience": 2}, {"patience": 2}),
        ({"patience": 0, "factor": 0.5}, {"patience": 0, "factor": 0.5}),
        ({"patience": 1, "cooldown": 2}, {"patience": 1, "cooldown": 2}),
        ({"patience": 1, "threshold": 0.2}, {"patience": 1, "threshold": 0.2}),
        ({"patience": 0, "smallest": 0.02}, {"patience": 0, "min_lr": 0.02}),
        ({"patience": 0, "factor": 0.9}, {"patience": 0, "factor": 0.9}),
    ],
)
def test_the_rate_falls_on_a_plateau_as_in_torch(options, peer_options):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **peer_options)
    ours = schedules.ReduceOnPlateau(0.3, **options)
    rates = []
    for epoch, loss in enumerate(LOSSES):
        peer.step(loss)
        ours.observe(loss)
        rates.append(ours(epoch))
        assert rates[-1] == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12), epoch
    assert len(set(rates)) > 1


def test_the_state_of_a_plateau_goes_on():
    whole, first = (schedules.ReduceOnPlateau(0.3, patience=2, cooldown=1) for _ in range(2))
    for loss in LOSSES:
        whole.observe(loss)
    for loss in LOSSES[:13]:
        first.observe(loss)
    second = schedules.ReduceOnPlateau(1.0)
    second.load_state_dict(first.state_dict())
    for loss in LOSSES[13:]:
        second.observe(loss)
    assert second.state_dict() == whole.state_dict()
    with pytest.raises(ValueError, match="the state of a ReduceOnPlateau has"):
        second.load_state_dict({"best": 1.0})


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: schedules.by_step(0.1), r"by_step takes a schedule.*constant\(0\.1\)"),
        (lambda: schedules.warm_up(None, 3), "warm_up takes a schedule"),
        (
            lambda: schedules.warm_up(schedules.by_step(schedules.constant(0.1)), 3),
            r"write by_step\(warm_up\(",
        ),
        (
            lambda: schedules.by_step(schedules.ReduceOnPlateau(0.1)),
            "got ReduceOnPlateau, which follows the loss",
        ),
        (lambda: schedules.ReduceOnPlateau(0.1, 1.0), "factor must be below 1, got 1.0"),
        (lambda: schedules.ReduceOnPlateau(0.1, patience=-1), "patience must be at least 0"),
        (lambda: schedules.constant(float("nan")), "learning_rate must be .*got nan"),
        (lambda: schedules.cosine(-0.1, 3), "learning_rate must be .*got -0.1"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(make, match):
    with pytest.raises(ValueError, match=match):
        make()
