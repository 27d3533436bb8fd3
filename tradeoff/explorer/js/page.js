// The entry of the explorer for its stand-alone page.

import { render } from "./explorer.js";
import { standAlone } from "./stand_alone.js";

standAlone(render);
