// The entry of what-if for its stand-alone page.

import { standAlone } from "./stand_alone.js";
import { renderWhatIf } from "./whatif.js";

standAlone(renderWhatIf);
