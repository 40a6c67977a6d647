import { inspect } from "node:util";

/** A value's forms by media type, as `display_data` and `execute_result` carry them. */
export interface MimeBundle {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** May hold `display_id`, under which the output can be replaced later. */
  transient?: Record<string, unknown>;
}

/** A value that has a method of this name shows as the bundle which the method returns. */
export const displaySymbol = Symbol.for("Jupyter.display");

const MAX_TEXT = 100_000;

/** Node 20 keeps what AsyncLocalStorage needs in properties of every promise, and shows them. */
const ASYNC_PROPERTIES =
  /,?\s{0,200}\[Symbol\((?:async_id_symbol|trigger_async_id_symbol|kResourceStore)\)\]: (?:\d+|\[cell\])/g;

export function withoutAsyncProperties(text: string): string {
  return text.includes("[Symbol(") ? text.replace(ASYNC_PROPERTIES, "") : text;
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT
    ? text
    : `${text.slice(0, MAX_TEXT)}\n… (${text.length - MAX_TEXT} more characters)`;
}

interface TensorLike {
  shape: number[];
  dtype: string;
  isDisposed: boolean;
  dataSync(): unknown;
  toString(verbose?: boolean): string;
}

/** A TensorFlow.js tensor, recognised by its shape: the kernel does not depend on the library. */
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

/** The value as text, whatever it is: circular, huge, hostile or a promise. */
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

function asBundle(value: unknown): MimeBundle | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // Both forms are in use: the bare bundle, and data with metadata.
  const { data, metadata, transient } = value as Partial<MimeBundle>;
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

/**
 * The forms in which a value is shown. Never throws: what goes wrong in a value's own display method is reported
 * through `onError`, and the value shows as text.
 * @param call calls that method; the kernel's own way can be interrupted
 */
export async function render(
  value: unknown,
  onError: (error: unknown) => void,
  call: (method: () => unknown) => unknown = (method) => method(),
): Promise<MimeBundle> {
  let bundle: MimeBundle | undefined;
  if ((typeof value === "object" || typeof value === "function") && value !== null) {
    try {
      const method = (value as Record<symbol, unknown>)[displaySymbol];
      if (typeof method === "function") bundle = asBundle(await call(() => method.call(value)));
    } catch (error) {
      onError(error);
    }
  }
  if (value instanceof Promise) {
    // It has been looked at: its rejection is in the text and need not be reported a second time.
    value.catch(() => {});
    // Promises that have settled already show their value, and text is made after this turn.
    await Promise.resolve();
  }
  bundle ??= { data: {}, metadata: {} };
  if (bundle.data["text/plain"] === undefined) bundle.data["text/plain"] = plainText(value);
  return bundle;
}
