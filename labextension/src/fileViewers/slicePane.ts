import { element, labelled } from "../dom.js";
import { formatNumber } from "./headerText.js";
import { greyPixels, type MapData, planeOf } from "./mapData.js";

const axes = ["X", "Y", "Z"] as const;
/** The axes along and up a slice across each axis. */
const directions = [
  ["Y", "Z"],
  ["X", "Z"],
  ["X", "Y"],
] as const;

/** One plane of a map in grey, across any axis. */
export class SlicePane {
  readonly node = element("section", { class: "e2gmm-mapViewer-slice", "aria-label": "Slice" });
  private readonly canvas = element("canvas", { role: "img" });
  private readonly axis = element("select", { "aria-label": "Axis across the slice" });
  private readonly place = element("input", { type: "range", min: 1, step: 1, "aria-label": "Slice" });
  private readonly contrast = element("input", {
    type: "range",
    min: 1,
    max: 12,
    step: 0.25,
    value: 4,
    "aria-label": "Contrast in standard deviations",
  });
  private readonly caption = element("div", { class: "e2gmm-mapViewer-caption", role: "status" });

  constructor(private readonly map: MapData) {
    this.axis.append(...axes.map((name) => element("option", {}, name)));
    this.axis.selectedIndex = 2;
    this.axis.addEventListener("change", () => this.begin());
    this.place.addEventListener("input", () => this.draw());
    this.contrast.addEventListener("input", () => this.draw());
    this.node.append(
      element(
        "div",
        { class: "e2gmm-fileViewer-toolbar", role: "toolbar", "aria-label": "Slice" },
        labelled("Slice", this.axis),
        this.place,
        labelled("± σ", this.contrast),
      ),
      element("div", { class: "e2gmm-mapViewer-picture" }, this.canvas),
      this.caption,
    );
    // So wide that most of what stands out of the noise keeps its shades
    const { mean, rms, max } = map.statistics;
    this.contrast.value = String(rms > 0 ? Math.min(10, Math.max(3, (0.6 * (max - mean)) / rms)) : 4);
    this.begin();
  }

  private begin(): void {
    const count = this.map.size[this.axis.selectedIndex]!;
    this.place.max = String(count);
    this.place.value = String(Math.floor(count / 2) + 1);
    this.draw();
  }

  private draw(): void {
    const axis = this.axis.selectedIndex as 0 | 1 | 2;
    const index = Number(this.place.value) - 1;
    const plane = planeOf(this.map, axis, index);
    const { mean, rms } = this.map.statistics;
    const reach = Number(this.contrast.value) * rms;
    this.canvas.width = plane.width;
    this.canvas.height = plane.height;
    const pixels = greyPixels(plane, mean - reach, mean + reach, true);
    this.canvas.getContext("2d")?.putImageData(new ImageData(pixels, plane.width, plane.height), 0, 0);
    const [across, up] = directions[axis];
    const at = this.map.origin[axis]! + index * this.map.voxel[axis]!;
    const text =
      `${axes[axis]} slice ${index + 1} of ${this.map.size[axis]} (${formatNumber(at)} Å), ` +
      `${across} to the right, ${up} upwards`;
    this.caption.textContent = text;
    this.canvas.setAttribute("aria-label", text);
  }
}
