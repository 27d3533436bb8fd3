// The entry of the explorer for Jupyter: what anywidget looks for.

import { render } from "./explorer.js";
import { inNotebook } from "./notebook.js";

export default { render: inNotebook(render) };
