import { guard } from "lit/directives/guard.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { checkbox, fourDigits, slider } from "../controls.js";
import { distances, roundedUp } from "../gaussians.js";
import { boxOfModel, type ViewerAccess } from "../viewerState.js";
import { section } from "./section.js";

/** How arrows of motion are drawn; hidden without any. */
export function arrowsSection(viewer: ViewerAccess): TemplateResult {
  const [from, to] = [viewer.read("arrowsFrom"), viewer.read("arrowsTo")];
  const hidden = from.length === 0 || from.length !== to.length;
  const [shown, scale, least] = [
    viewer.read("arrowsVisible"),
    viewer.read("arrowScale"),
    viewer.read("arrowLeast"),
  ];
  // The lengths of thousands of arrows, only where something has changed
  const content = guard([from, to, shown, scale, least], () =>
    hidden ? nothing : arrowControls(viewer, longestArrow(viewer)),
  );
  return section("Motion arrows", { open: true, hidden }, content);
}

/** Å of the longest motion, rounded up. */
function longestArrow(viewer: ViewerAccess): number {
  const lengths = distances(viewer.read("arrowsFrom"), viewer.read("arrowsTo"), boxOfModel(viewer));
  return roundedUp(lengths.reduce((longest, length) => Math.max(longest, length), 0));
}

function arrowControls(viewer: ViewerAccess, longest: number): TemplateResult {
  const step = longest / 40;
  return html`
    ${checkbox("shown", viewer.read("arrowsVisible"), (arrowsVisible) => viewer.change({ arrowsVisible }))}
    ${slider({
      text: "Length",
      min: 0.25,
      max: 8,
      step: 0.25,
      value: viewer.read("arrowScale"),
      format: (factor) => `${factor}×`,
      onInput: (arrowScale) => viewer.change({ arrowScale }),
    })}
    ${slider({
      text: "Only above",
      min: -step,
      max: longest,
      step,
      value: Math.max(-step, viewer.read("arrowLeast")),
      format: (length) => (length < 0 ? "a tenth" : `${fourDigits(length)} Å`),
      onInput: (arrowLeast) => viewer.change({ arrowLeast }),
    })}
  `;
}
