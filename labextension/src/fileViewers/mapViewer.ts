import { FileViewer } from "./fileViewer.js";

export class MapViewer extends FileViewer {
  protected override async load(): Promise<void> {}
}
