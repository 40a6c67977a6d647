/** Longest time in milliseconds for which work on a file may block the page. */
export const sliceMilliseconds = 12;

/** Lets long loops yield to the page: `if (pauses.over()) await pauses.next();` */
export interface Pauses {
  /** Whether the work has blocked the page for long enough. */
  over(): boolean;
  /** Resolves when the page has handled its events. */
  next(): Promise<void>;
}

/** Pauses after every {@link sliceMilliseconds}. */
export class TimeSlices implements Pauses {
  private until = performance.now() + sliceMilliseconds;

  constructor(private readonly signal?: AbortSignal) {}

  /** See {@link Pauses.over}. */
  over(): boolean {
    return performance.now() > this.until;
  }

  /** See {@link Pauses.next}. @throws the signal's reason once it is aborted */
  async next(): Promise<void> {
    await yieldToPage();
    this.signal?.throwIfAborted();
    this.until = performance.now() + sliceMilliseconds;
  }
}

/** A message arrives sooner than a timer, which browsers delay by 4 ms. */
function yieldToPage(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
