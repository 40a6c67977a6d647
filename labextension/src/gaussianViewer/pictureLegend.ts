import type { Legend } from "./colours.js";
import type { ScaleBar } from "./viewModel.js";

/** What is written into a saved picture. */
export interface PictureText {
  legends: readonly Legend[];
  scaleBar: ScaleBar;
  /** CSS colour of the text. */
  colour: string;
  /** Pixels of the picture for each of the screen. */
  scale: number;
}

/** CSS pixels. */
const margin = 12;
const fontSize = 12;
const line = 17;
const bar = { width: 140, height: 9 };
const swatch = 10;

/** A picture with the legend in its lower left corner and the scale bar in its lower right one. @throws Error if it is too large */
export async function withLegend(picture: Blob, text: PictureText): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const canvas = Object.assign(document.createElement("canvas"), {
    width: bitmap.width,
    height: bitmap.height,
  });
  const context = canvas.getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  context.scale(text.scale, text.scale);
  draw(context, text, { width: bitmap.width / text.scale, height: bitmap.height / text.scale });
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture is too large.")))),
  );
}

function draw(
  context: CanvasRenderingContext2D,
  { legends, scaleBar, colour }: PictureText,
  { width, height }: { width: number; height: number },
): void {
  context.font = `${fontSize}px sans-serif`;
  context.textBaseline = "middle";
  context.fillStyle = colour;
  let y = height - margin;
  // From the bottom up, so that the last stands lowest
  for (const legend of [...legends].reverse()) {
    y -= legend.kind === "key" ? line * legend.entries.length : 2 * line + bar.height;
    if (legend.kind === "key") drawKey(context, legend.entries, y, colour);
    else drawScale(context, legend, y);
    y -= line / 2;
  }
  if (scaleBar.text === "") return;
  context.textAlign = "right";
  context.fillText(scaleBar.text, width - margin, height - margin - line / 2);
  context.fillRect(width - margin - scaleBar.width, height - margin, scaleBar.width, 2);
  context.textAlign = "left";
}

function drawKey(
  context: CanvasRenderingContext2D,
  entries: readonly { colour: string; text: string }[],
  top: number,
  colour: string,
): void {
  for (const [i, entry] of entries.entries()) {
    const middle = top + line * (i + 0.5);
    context.fillStyle = entry.colour;
    context.fillRect(margin, middle - swatch / 2, swatch, swatch);
    context.fillStyle = colour;
    context.fillText(entry.text, margin + swatch + 6, middle);
  }
}

function drawScale(
  context: CanvasRenderingContext2D,
  { title, scale, low, high }: Extract<Legend, { kind: "scale" }>,
  top: number,
): void {
  const colour = context.fillStyle;
  context.fillText(title, margin, top + line / 2);
  const gradient = context.createLinearGradient(margin, 0, margin + bar.width, 0);
  for (const [i, stop] of scale.entries()) gradient.addColorStop(i / (scale.length - 1), stop);
  context.fillStyle = gradient;
  context.fillRect(margin, top + line, bar.width, bar.height);
  context.fillStyle = colour;
  const middle = top + line + bar.height + line / 2;
  for (const [i, value] of [low, (low + high) / 2, high].entries()) {
    context.textAlign = (["left", "center", "right"] as const)[i]!;
    context.fillText(String(Number(value.toPrecision(2))), margin + (i * bar.width) / 2, middle);
  }
  context.textAlign = "left";
}
