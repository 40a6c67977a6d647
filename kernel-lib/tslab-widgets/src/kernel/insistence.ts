import { breakState, clock, interruptWord } from "./threadProtocol";

/** The socket thread's part of an interrupt; interrupts.ts has that of the main thread. */

/** An interrupt goes to the event loop first, then to the loop checks of cell code, then out as SIGINT. */
const loopCheckAfterMs = 60;
const signalEveryMs = 250;
/** A signal to the own process arrives at once; this is ample. */
const signalArrivesMs = 20;
/** Code that was told to stop and has not, this long after the interrupt, is broken by SIGINT too. */
const stubbornAfterMs = 1000;

/** Sends SIGINT while the main thread is in a script that it breaks. Anywhere else it could end the process. */
function breakScript(words: Int32Array): void {
  const at = interruptWord.breakable;
  const before = Atomics.compareExchange(words, at, breakState.yes, breakState.signalled);
  if (before !== breakState.yes) return;
  Atomics.store(words, interruptWord.signalSent, clock());
  process.kill(process.pid, "SIGINT");
  setTimeout(() => {
    Atomics.compareExchange(words, at, breakState.signalled, breakState.yes);
    Atomics.notify(words, at);
  }, signalArrivesMs);
}

/**
 * Asks the main thread to interrupt the running code, and repeats until it has ended.
 * @param words see {@link interruptWord}
 * @param tell  reaches the event loop of the main thread
 */
export function requestInterrupt(words: Int32Array, tell: (sequence: number) => void): void {
  const sequence = Atomics.add(words, interruptWord.requested, 1) + 1;
  const word = (index: number) => Atomics.load(words, index);
  const begun = clock();
  const pending = () => word(interruptWord.handled) < sequence;
  tell(sequence);
  setTimeout(() => {
    if (pending()) Atomics.store(words, interruptWord.stop, 1);
  }, loopCheckAfterMs);
  const insist = setInterval(() => {
    if (word(interruptWord.ended) >= sequence || word(interruptWord.requested) > sequence) {
      clearInterval(insist);
      return;
    }
    const stubborn = clock() - begun >= stubbornAfterMs;
    if (pending() || stubborn) breakScript(words);
  }, signalEveryMs);
  insist.unref();
}
