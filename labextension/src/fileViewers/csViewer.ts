import { CsModel } from "./csModel.js";
import type { ViewerInput } from "./fileModel.js";
import { StarViewer } from "./starViewer.js";

/** A particle file of cryoSPARC as a table. */
export class CsViewer extends StarViewer {
  constructor(input: ViewerInput) {
    super(input, new CsModel(input));
  }
}
