// Starts the runner: `node main.js FOLDER`, with the host's socket as descriptor 3.
// Node 20 and newer, no dependencies. What it says is not believed by the host: the person's code runs beside it.

import { serve } from "./serve.js";

const folder = process.argv[2];
process.argv = [process.argv[0], folder];
await serve(folder, 3);
