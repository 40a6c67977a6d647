import type { ExplorerRequest, ExportKind, SetState } from "e2gmm/messages/explorer";
import { element, labelled } from "../dom.js";
import { fileNameOf } from "./fileNames.js";
import { explorerSettings } from "./settings.js";

const KINDS: readonly (readonly [ExportKind, string, string])[] = [
  ["particles", "Particles of the ticked set (STAR)", ".star"],
  ["map", "Map of the ticked set, half maps, FSC (MRC)", ".mrc"],
  ["model", "Gaussians at the probe (text)", ".txt"],
  ["model", "Gaussians at the probe (PDB)", ".pdb"],
  ["density", "Density at the probe (MRC)", ".mrc"],
];

/** Writes files in the folder that the kernel works in. */
export class ExportForm {
  readonly node: HTMLFormElement;
  private readonly what = element("select", { "aria-label": "What to write" });
  private readonly file = element("input", {
    type: "text",
    spellcheck: "false",
    class: "e2gmm-explorer-file",
  });
  private readonly overwrite = element("input", { type: "checkbox" });
  private set: SetState | undefined;
  private edited = false;

  constructor(ask: (request: ExplorerRequest) => void, refuse: (text: string) => void) {
    KINDS.forEach(([, text], i) => {
      this.what.append(element("option", { value: i }, text));
    });
    this.what.addEventListener("change", () => {
      this.edited = false;
      this.suggest();
    });
    this.file.addEventListener("input", () => {
      this.edited = this.file.value !== "";
    });
    // Keys typed here are not commands of the notebook
    this.file.addEventListener("keydown", (event) => event.stopPropagation());
    const submit = element("button", { type: "submit", class: "e2gmm-explorer-button" }, "Write");
    this.node = element(
      "form",
      { class: "e2gmm-explorer-export", "aria-label": "Export" },
      labelled("Write", this.what),
      labelled("to", this.file),
      element("label", { class: "e2gmm-explorer-check" }, this.overwrite, "overwrite"),
      submit,
    );
    this.node.hidden = true;
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      const [what] = KINDS[Number(this.what.value)]!;
      const needsSet = what === "particles" || what === "map";
      if (needsSet && !this.set) {
        refuse("Tick the one set that is to be written");
        return;
      }
      ask({
        kind: "export",
        what,
        file: this.file.value,
        overwrite: this.overwrite.checked,
        ...(needsSet && this.set ? { set: this.set.id } : {}),
      });
    });
    this.suggest();
  }

  /** The set that is written: the only one that is ticked. */
  update(set: SetState | undefined): void {
    this.set = set;
    this.suggest();
  }

  private suggest(): void {
    if (this.edited) return;
    const [what, , ending] = KINDS[Number(this.what.value)]!;
    const needsSet = what === "particles" || what === "map";
    const name = needsSet ? (this.set?.name ?? "set") : what === "model" ? "gaussians" : "density";
    const folder = explorerSettings.exportFolder.replace(/\/+$/, "");
    this.file.value = `${folder === "" ? "" : `${folder}/`}${fileNameOf(name)}${ending}`;
  }
}
