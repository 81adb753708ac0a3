"""A straight line, y = slope * x + offset, that learns from points.

Press Evaluate to see what the model answers now, and Train to make it better.
"""

import json
import random

# What the model knows: two numbers. instantiateModel fills them in, train improves them.
line = {"slope": 0.0, "offset": 0.0}


def createModelState(params):
    """Make a model that has learned nothing yet. A state is bytes: here, JSON."""
    return json.dumps({"slope": 0.0, "offset": 0.0}).encode()


def instantiateModel(state):
    """Get ready to work with a state that createModelState or getModelState made."""
    line.update(json.loads(state))


def evaluate(params):
    """Answer y for every x."""
    return {"y": [line["slope"] * x + line["offset"] for x in params["x"]]}


def train(params, tracker):
    """Move the line a little closer to the points, again and again."""
    points = make_points(params["points"])
    steps = params["steps"]

    for step in range(steps):
        # How far off is the line at each point?
        errors = [(line["slope"] * x + line["offset"] - y, x) for x, y in points]
        loss = sum(error**2 for error, _ in errors) / len(points)

        # Which way is downhill? The gradient of the loss tells; take a small step that way.
        line["slope"] -= params["learning_rate"] * sum(2 * error * x for error, x in errors) / len(points)
        line["offset"] -= params["learning_rate"] * sum(2 * error for error, _ in errors) / len(points)

        # The page draws these while training goes on.
        tracker.metrics({"loss": loss})
        tracker.progress((step + 1) / steps)

        if tracker.cancelled:  # somebody pressed Stop: keep what we have
            break

    print(f"The line is now y = {line['slope']:.3f} * x + {line['offset']:.3f}; the points came from y = 3 * x + 2.")


def getModelState():
    """Called after train: what was learned becomes a new state."""
    return json.dumps(line).encode()


def make_points(count):
    """Points near the line y = 3 * x + 2, which training should find again."""
    random.seed(0)
    return [(x, 3 * x + 2 + random.gauss(0, 0.1)) for x in (random.uniform(-1, 1) for _ in range(count))]
