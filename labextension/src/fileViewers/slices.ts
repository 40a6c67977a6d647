/** Longest time in milliseconds that work on a file may keep the page from answering. */
export const sliceMilliseconds = 12;

/** Lets the page answer, then goes on. A message is quicker than a timer, which browsers hold back by 4 ms. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Makes long loops give way to the page: `if (slices.over()) await slices.next();` */
export class Slices {
  private until = performance.now() + sliceMilliseconds;

  constructor(private readonly signal?: AbortSignal) {}

  over(): boolean {
    return performance.now() > this.until;
  }

  /** @throws the signal's reason once it is set */
  async next(): Promise<void> {
    await breathe();
    this.signal?.throwIfAborted();
    this.until = performance.now() + sliceMilliseconds;
  }
}
