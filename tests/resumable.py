"""A small training in parts, for tests and for the processes they start: quick to import."""

import json

import nn
from nn import schedules

LOGITS = nn.binary_cross_entropy_with_logits
X, Y = nn.data.moons(30, seed=0)

OPTIMIZERS = {
    "sgd": lambda p: nn.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "adagrad": lambda p: nn.AdaGrad(p, 0.05, learning_rate_decay=0.1),
    "rmsprop": lambda p: nn.RMSProp(p, 0.01, momentum=0.5, centered=True),
    "adam": lambda p: nn.Adam(p, 0.05),
    "amsgrad": lambda p: nn.Adam(p, 0.05, amsgrad=True),
    "adamw": lambda p: nn.AdamW(p, 0.05),
    "nudge": lambda p: nn.NudgeDescent(p, 0.05),
}
SCHEDULES = {
    "none": lambda: None,
    "cosine": lambda: schedules.cosine(0.1, 10),
    "warm up": lambda: schedules.warm_up(schedules.exponential(0.1, 0.8), 7),
    "by step": lambda: schedules.by_step(schedules.linear(0.1, 0.0, 40)),
    "plateau": lambda: schedules.ReduceOnPlateau(0.5, 0.5, 0, threshold=0.2),
}


def start(optimizer="adam", seed=1):
    model = nn.MLP(2, [4, 1], "tanh", generator=seed)
    return model, OPTIMIZERS[optimizer](model.parameters())


def train(model, optimizer, epochs, schedule="none", loss=LOGITS, **options):
    return nn.fit(
        model, X, Y, loss, optimizer, epochs, 8,
        schedule=SCHEDULES[schedule](), progress=False, **options,
    )  # fmt: skip


def state(model, optimizer):
    return model.state_dict(), json.dumps(optimizer.state_dict())
