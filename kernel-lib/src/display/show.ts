import { type Displayable, displaySymbol, formsOf } from "tslab-widgets/display";

export interface ShowOptions {
  /** Names the output, so that a later call can replace it. */
  id?: string;
  /** Replaces what was shown under `id` instead of adding an output. Default false. */
  update?: boolean;
}

type KernelDisplay = (value: unknown, options?: ShowOptions) => Promise<void>;

/** tslab's way out of the kernel: a bundle with all its forms, which its `display` object cannot send. */
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

/** The stock tslab kernel that this process is, wherever it is installed: then its module is loaded already. */
function tslabKernel(): NonNullable<TslabOutput["lastWriteDisplayData"]> | undefined {
  const file = Object.keys(require.cache).find((name) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(name));
  if (file === undefined) return undefined;
  return (require.cache[file]!.exports as TslabOutput).lastWriteDisplayData ?? undefined;
}

/** Whether there is a notebook to show things in. */
export function inNotebook(): boolean {
  return (e2gmmKernel() ?? tslabKernel()) !== undefined;
}

/**
 * Shows a figure or a table in the output of the cell that runs: in the kernel of this package, in a stock tslab
 * kernel, and, as text on standard output, in a plain script.
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
