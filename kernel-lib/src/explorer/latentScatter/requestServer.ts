import type { CsvPiece } from "./csv";
import type { Thumbnail } from "./options";
import { type CsvRequest, readRequest, type SelectRequest } from "./requests";

/** Handlers of the requests to a scatter. */
export interface ScatterHandlers {
  /** @returns the number of selected particles, and the radius if one was requested */
  select(request: SelectRequest): { selected: number; radius?: number };
  /** Adds an anchor of the path at coordinates in the view; null: at the probe. */
  anchor(at: readonly number[] | null): void;
  /** @throws InputError if there are no images, or no such row */
  thumbnail(row: number): Promise<Thumbnail>;
  /** @throws InputError if the plot has changed since the first piece */
  csv(request: CsvRequest): CsvPiece & { version: number };
}

/**
 * Reads a request of a page, calls its handler, and sends the answer with the request's `id`; errors become answers of the
 * kind `problem`. All but images of particles are answered before this returns.
 */
export function answerRequest(
  content: unknown,
  handlers: ScatterHandlers,
  send: (answer: object, buffers?: readonly ArrayBufferView[]) => void,
): void {
  if (typeof content !== "object" || content === null) return;
  const { id } = content as { id?: unknown };
  const refuse = (error: unknown) =>
    send({ kind: "problem", id, text: error instanceof Error ? error.message : String(error) });
  try {
    const request = readRequest(content as Record<string, unknown>);
    switch (request.kind) {
      case "select":
        send({ kind: "answer", id, ...handlers.select(request.request) });
        return;
      case "anchor":
        handlers.anchor(request.at);
        send({ kind: "answer", id });
        return;
      case "thumbnail":
        handlers
          .thumbnail(request.row)
          .then(({ size, pixels }) => send({ kind: "answer", id, size }, [pixels]))
          .catch(refuse);
        return;
      case "csv":
        send({ kind: "answer", id, ...handlers.csv(request) });
        return;
    }
  } catch (error) {
    refuse(error);
  }
}
