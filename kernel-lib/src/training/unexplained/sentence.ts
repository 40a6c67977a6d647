/** How many particles the model does not explain, in a sentence. */
export function unexplainedSentence(found: number, judged: number): string {
  if (found === 0)
    return "the model fits every particle as well as expected from its CTF, signal, view and place";
  const part = ((100 * found) / judged).toFixed(found < 0.1 * judged ? 1 : 0);
  return (
    `${found} of ${judged} particles (${part} %) agree less with the model at their places than expected from their CTF, signal ` +
    "and view: another state, or images that are damaged or have wrong poses"
  );
}
