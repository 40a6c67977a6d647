import { inspect } from "node:util";
import { displaySymbol } from "../display/displayable";

/** A value's forms by media type, as `display_data` and `execute_result` carry them. */
export interface RenderedBundle {
  /** The forms. */
  data: Record<string, unknown>;
  /** Metadata of the output. */
  metadata: Record<string, unknown>;
  /** May hold `display_id`, under which the output can be replaced later. */
  transient?: Record<string, unknown>;
}

const maxTextLength = 100_000;

/** Node 20 keeps the state of AsyncLocalStorage in properties of every promise, which `inspect` shows. */
const asyncProperties =
  /,?\s{0,200}\[Symbol\((?:async_id_symbol|trigger_async_id_symbol|kResourceStore)\)\]: (?:\d+|\[cell\])/g;

/** Removes from inspected text what Node 20 adds to promises. */
export function withoutAsyncProperties(text: string): string {
  return text.includes("[Symbol(") ? text.replace(asyncProperties, "") : text;
}

function shorten(text: string): string {
  return text.length <= maxTextLength
    ? text
    : `${text.slice(0, maxTextLength)}\n… (${text.length - maxTextLength} more characters)`;
}

interface TensorLike {
  shape: number[];
  dtype: string;
  isDisposed: boolean;
  dataSync(): unknown;
  toString(verbose?: boolean): string;
}

/** A TensorFlow.js tensor, recognised by its properties: the kernel does not depend on the library. */
function isTensor(value: object): value is TensorLike {
  const tensor = value as Partial<TensorLike>;
  return (
    Array.isArray(tensor.shape) && typeof tensor.dtype === "string" && typeof tensor.dataSync === "function"
  );
}

function tensorText(tensor: TensorLike): string {
  const title = `Tensor ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  return tensor.isDisposed
    ? `${title} (disposed)`
    : `${title}\n${tensor.toString().replace(/^Tensor\n/, "")}`;
}

/** Any value as text. Never throws, whether the value is circular, huge, a promise, or has getters that throw. */
export function plainText(value: unknown): string {
  try {
    if (typeof value === "object" && value !== null && isTensor(value)) return shorten(tensorText(value));
    const options = { depth: 4, breakLength: 100, maxArrayLength: 100, maxStringLength: 20_000 };
    return shorten(withoutAsyncProperties(inspect(value, options)));
  } catch (error) {
    let reason = "its inspection throws";
    try {
      reason = String((error as Error)?.message ?? error);
    } catch {
      // The error cannot be read either.
    }
    return `a value that cannot be shown: ${reason}`;
  }
}

function asBundle(value: unknown): RenderedBundle | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Both forms are in use: the bare bundle, and data with metadata.
  const { data, metadata, transient } = value as Partial<RenderedBundle>;
  const nested =
    typeof data === "object" && data !== null && !Object.keys(value).some((k) => k.includes("/"));
  const bundle = nested ? { ...(data as object) } : { ...value };
  const out: Record<string, unknown> = {};
  for (const [type, form] of Object.entries(bundle)) {
    if (form === undefined) continue;
    out[type] = form instanceof Uint8Array ? Buffer.from(form).toString("base64") : form;
  }
  if (!nested) return { data: out, metadata: {} };
  return { data: out, metadata: metadata ?? {}, ...(transient ? { transient } : {}) };
}

/** Options of {@link render}. */
export interface RenderOptions {
  /** Receives errors of the value's own display method; the value is then shown as text. */
  onError(error: unknown): void;
  /** Calls that method. Default: a plain call; the kernel's own call can be interrupted. */
  call?(method: () => unknown): unknown;
}

/** The forms in which a value is shown. Never throws. */
export async function render(value: unknown, options: RenderOptions): Promise<RenderedBundle> {
  const { onError, call = (method) => method() } = options;
  let bundle: RenderedBundle | undefined;
  if ((typeof value === "object" || typeof value === "function") && value !== null) {
    try {
      const method = (value as Record<symbol, unknown>)[displaySymbol];
      if (typeof method === "function") bundle = asBundle(await call(() => method.call(value)));
    } catch (error) {
      onError(error);
    }
  }
  if (value instanceof Promise) {
    // Its rejection appears in the text and need not be reported again.
    value.catch(() => {});
    // One turn lets a promise that has settled show its value.
    await Promise.resolve();
  }
  bundle ??= { data: {}, metadata: {} };
  if (bundle.data["text/plain"] === undefined) bundle.data["text/plain"] = plainText(value);
  return bundle;
}
