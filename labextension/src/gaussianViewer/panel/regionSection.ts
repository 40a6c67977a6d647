import type { MaskShape, SolidShape } from "e2gmm/messages/maskShapes";
import { html, type TemplateResult } from "lit/html.js";
import type { Vector } from "../../stage/geometry.js";
import { button, checkbox, choice, numberField } from "../controls.js";
import { leastSize } from "../handles/handleGeometry.js";
import type { RegionModel } from "./regionModel.js";
import { section } from "./section.js";

const kinds = [
  ["sphere", "sphere"],
  ["box", "box"],
] as const;
const modes = [
  ["add", "adds"],
  ["subtract", "takes out"],
] as const;
const axes = ["x", "y", "z"] as const;

/** The region: spheres and boxes that add Gaussians or take them out. */
export function regionSection(region: RegionModel): TemplateResult {
  return section(
    "Region",
    { open: false },
    html`
      <div class="e2gmm-row">
        ${choice({
          label: "Shape",
          options: kinds,
          value: region.kind,
          onChange: (kind) => {
            region.kind = kind;
          },
        })}
        ${choice({
          label: "What the shape does",
          options: modes,
          value: region.mode,
          onChange: (mode) => region.choose(mode),
        })}
        ${numberField({
          label: "Radius of the sphere or half the edge of the box in Å",
          value: region.size,
          onChange: (size) => region.resize(size),
          min: leastSize,
        })}
        Å
      </div>
      <div class="e2gmm-row e2gmm-mod-wrap">
        ${button(
          "Click to place",
          "Then click a Gaussian to place the shape there",
          () => region.toggleWaiting("new"),
          { pressed: region.waitingFor === "new" },
        )}
        ${button(
          "Paint",
          "Paint the region: drag over the molecule, or move the brush with the keyboard",
          () => region.togglePainting(),
          { pressed: region.isPainting },
        )}
        ${button("Centre", "Place the shape at the centre of the box", () => region.add([0, 0, 0]))}
        ${button("Clear", "Remove all shapes", () => region.clear())}
      </div>
      ${checkbox("Handles in the picture", region.handlesShown, (shown) => region.showHandles(shown))}
      <div class="e2gmm-shapes">${region.shapes.map((shape, index) => shapeRows(region, shape, index))}</div>
      <p class="e2gmm-note">${region.summary}</p>
    `,
  );
}

function shapeRows(region: RegionModel, shape: MaskShape, index: number): TemplateResult {
  const solid = shape.kind === "gaussians" ? undefined : shape;
  const name = shape.kind === "gaussians" ? shape.name : `${shape.kind} ${index + 1}`;
  return html`<div class="e2gmm-shape">
    <div class="e2gmm-row">
      <b title=${name}>${name}</b>
      ${choice({
        label: `What ${name} does`,
        options: modes,
        value: shape.mode,
        onChange: (mode) => region.edit(index, { mode }),
      })}
      ${
        solid &&
        button("Move", `Move ${name}: then click a Gaussian`, () => region.toggleWaiting(index), {
          pressed: region.waitingFor === index,
        })
      }
      ${button("✕", `Remove ${name}`, () => region.remove(index))}
    </div>
    ${solid ? placeRows(region, solid, index) : html`<div class="e2gmm-row">${(shape as { indices: readonly number[] }).indices.length} Gaussians</div>`}
  </div>`;
}

function placeRows(region: RegionModel, shape: SolidShape, index: number): TemplateResult {
  const name = `${shape.kind} ${index + 1}`;
  return html`<div class="e2gmm-row">
      at
      ${axes.map((letter, axis) =>
        numberField({
          label: `${letter} of ${name} in Å`,
          value: shape.centre[axis]!,
          onChange: (value) => region.edit(index, { centre: replaced(shape.centre, axis, value) }),
        }),
      )}
      Å
    </div>
    <div class="e2gmm-row">
      ${shape.kind === "sphere" ? "radius" : "edges"} ${sizeFields(region, shape, index)} Å
    </div>`;
}

function sizeFields(region: RegionModel, shape: SolidShape, index: number): unknown {
  const name = `${shape.kind} ${index + 1}`;
  if (shape.kind === "sphere") {
    return numberField({
      label: `Radius of ${name} in Å`,
      value: shape.radius,
      onChange: (radius) => region.edit(index, { radius }),
      min: leastSize,
    });
  }
  return axes.map((letter, axis) =>
    numberField({
      label: `Edge of ${name} along ${letter} in Å`,
      value: shape.size[axis]!,
      onChange: (value) => region.edit(index, { size: replaced(shape.size, axis, value) }),
      min: leastSize,
    }),
  );
}

function replaced(vector: Vector, axis: number, value: number): Vector {
  return vector.map((old, i) => (i === axis ? value : old)) as unknown as Vector;
}
