// A straight line, y = slope * x + offset, that learns from points.
// Press Evaluate to see what the model answers now, and Train to make it better.

// What the model knows: two numbers. instantiateModel fills them in, train improves them.
let line;

/** Make a model that has learned nothing yet. A state is bytes: here, JSON. */
export function createModelState() {
  return Buffer.from(JSON.stringify({ slope: 0, offset: 0 }));
}

/** Get ready to work with a state that createModelState or getModelState made. */
export function instantiateModel(state) {
  line = JSON.parse(state);
}

/** Answer y for every x. */
export function evaluate({ x }) {
  return { y: x.map((value) => line.slope * value + line.offset) };
}

/** Move the line a little closer to the points, again and again. */
export function train({ learning_rate, steps, points }, tracker) {
  const known = makePoints(points);

  for (let step = 0; step < steps && !tracker.cancelled; step++) {
    // How far off is the line at each point?
    const errors = known.map(([x, y]) => ({ x, error: line.slope * x + line.offset - y }));

    // Which way is downhill? The gradient of the loss tells; take a small step that way.
    line.slope -= learning_rate * mean(errors.map(({ x, error }) => 2 * error * x));
    line.offset -= learning_rate * mean(errors.map(({ error }) => 2 * error));

    // The page draws these while training goes on.
    tracker.metrics({ loss: mean(errors.map(({ error }) => error ** 2)) });
    tracker.progress((step + 1) / steps);
  }

  console.log(`The line is now y = ${line.slope.toFixed(3)} * x + ${line.offset.toFixed(3)}.`);
}

/** Called after train: what was learned becomes a new state. */
export function getModelState() {
  return Buffer.from(JSON.stringify(line));
}

/** Points near the line y = 3 * x + 2, which training should find again. */
function makePoints(count) {
  return Array.from({ length: count }, (_, index) => {
    const x = (2 * index) / (count - 1) - 1;
    return [x, 3 * x + 2 + (Math.random() - 0.5) * 0.2];
  });
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
