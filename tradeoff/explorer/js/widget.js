// The entry of the explorer for Jupyter: what anywidget looks for. A kernel is there to read an objective's text.

import { explorerWith } from "./explorer.js";
import { createField } from "./field.js";
import { inNotebook } from "./notebook.js";

export default { render: inNotebook(explorerWith(createField)) };
