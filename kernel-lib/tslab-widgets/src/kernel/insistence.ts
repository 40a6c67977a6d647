import { Breakable, clock, InterruptWord } from "./threadProtocol";

/** The socket thread's part of an interrupt; what the main thread does is in interrupts.ts. */

/** An interrupt goes to the event loop first, then to the loop checks of cell code, then out as SIGINT. */
const LOOP_CHECK_AFTER_MS = 60;
const SIGNAL_EVERY_MS = 250;
/** A signal to the own process arrives at once; this is long. */
const SIGNAL_ARRIVES_MS = 20;
/** Code that was told to stop and has not, this long after the interrupt, is broken by SIGINT too. */
const STUBBORN_AFTER_MS = 1000;

/** Sends SIGINT while the main thread is in a script that it breaks. Anywhere else it could end the process. */
function breakScript(words: Int32Array): void {
  const at = InterruptWord.breakable;
  const before = Atomics.compareExchange(words, at, Breakable.yes, Breakable.signalled);
  if (before !== Breakable.yes) return;
  Atomics.store(words, InterruptWord.signalSent, clock());
  process.kill(process.pid, "SIGINT");
  setTimeout(() => {
    Atomics.compareExchange(words, at, Breakable.signalled, Breakable.yes);
    Atomics.notify(words, at);
  }, SIGNAL_ARRIVES_MS);
}

/**
 * Asks the main thread to interrupt what runs, and goes on until that has ended.
 * @param words see {@link InterruptWord}
 * @param tell  reaches the event loop of the main thread
 */
export function requestInterrupt(words: Int32Array, tell: (sequence: number) => void): void {
  const sequence = Atomics.add(words, InterruptWord.requested, 1) + 1;
  const word = (index: number) => Atomics.load(words, index);
  const begun = clock();
  const pending = () => word(InterruptWord.handled) < sequence;
  tell(sequence);
  setTimeout(() => {
    if (pending()) Atomics.store(words, InterruptWord.stop, 1);
  }, LOOP_CHECK_AFTER_MS);
  const insist = setInterval(() => {
    if (word(InterruptWord.ended) >= sequence || word(InterruptWord.requested) > sequence) {
      clearInterval(insist);
      return;
    }
    const stubborn = clock() - begun >= STUBBORN_AFTER_MS;
    if (pending() || stubborn) breakScript(words);
  }, SIGNAL_EVERY_MS);
  insist.unref();
}
