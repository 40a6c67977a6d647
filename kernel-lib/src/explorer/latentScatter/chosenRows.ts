import { shortNumber } from "../../display/checks";
import { InputError } from "../../errors";
import { nearestRows, otherRows, rowsInBox, rowsInPolygon, rowsWithin } from "../../latent/selection";
import { withinRange } from "./ranges";
import type { SelectRequest } from "./requests";
import type { ScatterTable } from "./table";
import type { ViewAxes } from "./viewAxes";

/** Input of the choice of rows. */
export interface ChoiceContext {
  /** All particles. */
  table: ScatterTable;
  /** The shown axes. */
  view: ViewAxes;
  /** Latent vector of the probe. */
  probe: readonly number[];
  /** Rows that are selected now. */
  selected: Uint32Array;
  /** Whether a particle is shown; undefined: all are. Hidden ones are not chosen. */
  visible: ((row: number) => boolean) | undefined;
}

/** Rows that a request chooses. */
export interface ChosenRows {
  /** Ascending. */
  rows: Uint32Array;
  /** Radius in the latent space, if one was requested. */
  radius?: number;
  /** Describes how distances were measured; empty without distances. */
  note: string;
}

/** The particles that a request chooses, hidden ones left out. */
export function chosenRows(request: SelectRequest, context: ChoiceContext): ChosenRows {
  const { table, view, probe, selected } = context;
  const shown = (rows: Uint32Array): ChosenRows => ({ rows: visibleRows(rows, context), note: "" });
  const columns = [table.values(view.names[0]!), table.values(view.names[1]!)] as const;
  switch (request.how) {
    case "none":
      return { rows: new Uint32Array(0), note: "" };
    case "all":
      return shown(otherRows(new Uint32Array(0), table.count));
    case "invert":
      return shown(otherRows(selected, table.count));
    case "lasso":
      return shown(rowsInPolygon(columns[0], columns[1], request.polygon));
    case "box":
      return shown(rowsInBox(columns, request.low, request.high));
    case "radius": {
      const centre = view.latentAt(request.centre, probe);
      if (typeof request.radius === "number") return within(centre, request.radius, context);
      const border = view.latentAt(request.radius, probe);
      return within(centre, Math.hypot(...border.map((z, d) => z - centre[d]!)), context);
    }
    case "nearest":
      return nearest(view.latentAt(request.centre, probe), request.number, context);
    case "latentRadius":
      return within(probe, request.radius, context);
    case "latentNearest":
      return nearest(probe, request.number, context);
    case "range":
      return inRange(request, context);
  }
}

/** Particles without a value are in no range. */
function inRange(
  { column, low, high }: Extract<SelectRequest, { how: "range" }>,
  context: ChoiceContext,
): ChosenRows {
  const values = context.table.values(column);
  if (low !== null && high !== null && low > high)
    throw new InputError("range", "a lower end below the upper one", `${low} to ${high}`);
  const isWithin = withinRange({ low, high });
  const within = otherRows(new Uint32Array(0), context.table.count).filter((row) => isWithin(values[row]!));
  const ends = [
    ...(low === null ? [] : [`from ${shortNumber(low)}`]),
    ...(high === null ? [] : [`to ${shortNumber(high)}`]),
  ];
  return { rows: visibleRows(within, context), note: [column, ...ends].join(" ") };
}

/** The rows of particles that are not hidden. */
export function visibleRows(rows: Uint32Array, { visible }: Pick<ChoiceContext, "visible">): Uint32Array {
  return visible ? rows.filter(visible) : rows;
}

function within(centre: readonly number[], radius: number, context: ChoiceContext): ChosenRows {
  const rows = visibleRows(rowsWithin(context.table.latentColumns(), centre, radius), context);
  return { rows, radius, note: `Within ${shortNumber(radius)} of ${described(centre)}` };
}

function nearest(centre: readonly number[], count: number, { table, visible }: ChoiceContext): ChosenRows {
  const [first, ...others] = table.latentColumns();
  // NaN: a hidden particle is not among the nearest
  const shown = visible ? first!.map((value, row) => (visible(row) ? value : Number.NaN)) : first!;
  const rows = nearestRows([shown, ...others], centre, count);
  return { rows, note: `The ${rows.length} nearest to ${described(centre)}` };
}

/** Describes a latent vector and the kind of distance. */
function described(z: readonly number[]): string {
  const vector = z.length === 1 ? shortNumber(z[0]!) : `(${z.map(shortNumber).join(", ")})`;
  const space = z.length === 1 ? "along z" : `in all ${z.length} dimensions of the latent space`;
  return `z = ${vector}, by distance ${space}`;
}
