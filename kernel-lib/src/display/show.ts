import { type Displayable, displaySymbol, formsOf } from "tslab-widgets/display";

/** Options of `show`. */
export interface ShowOptions {
  /** Name of the output, so that a later call can replace it. Default none. */
  id?: string;
  /** Whether the output with this `id` is replaced instead of adding another. Default false. */
  update?: boolean;
}

type KernelDisplay = (value: unknown, options?: ShowOptions) => Promise<void>;

/** tslab's internal output function: unlike its `display` object it sends bundles of several media types. */
interface TslabOutput {
  lastWriteDisplayData?: (
    data: { data: object; metadata: object; transient: { display_id?: string } },
    update?: boolean,
  ) => void;
}

function e2gmmKernel(): KernelDisplay | undefined {
  const { display } = globalThis as { display?: unknown };
  return typeof display === "function" ? (display as KernelDisplay) : undefined;
}

/** Output function of the tslab kernel, where this process is one: its module is loaded then. */
function tslabKernel(): NonNullable<TslabOutput["lastWriteDisplayData"]> | undefined {
  const file = Object.keys(require.cache).find((name) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(name));
  if (file === undefined) return undefined;
  return (require.cache[file]!.exports as TslabOutput).lastWriteDisplayData ?? undefined;
}

/** Whether this process is a notebook kernel. */
export function inNotebook(): boolean {
  return (e2gmmKernel() ?? tslabKernel()) !== undefined;
}

/**
 * Shows a figure, table or widget in the output of the running cell, in this package's kernel or in tslab; outside a notebook
 * prints it as text to standard output.
 *
 * @example
 * ```ts
 * await e2.show(e2.figures.table([{ shell: 1, FSC: 0.99 }]));
 * ```
 */
export async function show(value: Displayable, options: ShowOptions = {}): Promise<void> {
  const kernel = e2gmmKernel();
  if (kernel) {
    await kernel(value, options);
    return;
  }
  const bundle = formsOf(await value[displaySymbol]());
  const tslab = tslabKernel();
  if (tslab) {
    const { id, update } = options;
    tslab({ data: bundle, metadata: {}, transient: id === undefined ? {} : { display_id: id } }, update);
  } else {
    console.log(bundle["text/plain"]);
  }
}
