// The entry of what-if for Jupyter: what anywidget looks for.

import { renderWhatIf } from "./whatif.js";
import { inNotebook } from "./notebook.js";

export default { render: inNotebook(renderWhatIf) };
