// The entry of a report: a stand-alone page.

import { renderReport } from "./report.js";
import { standAlone } from "./stand_alone.js";

standAlone(renderReport);
