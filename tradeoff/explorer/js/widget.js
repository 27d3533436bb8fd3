// The entry for Jupyter: what anywidget looks for.

import { render } from "./explorer.js";

export default { render };
