// The entry of the explorer for its stand-alone page. No kernel is there: an objective is put together, not typed.

import { explorerWith } from "./explorer.js";
import { createForm } from "./form.js";
import { standAlone } from "./stand_alone.js";

standAlone(explorerWith(createForm));
