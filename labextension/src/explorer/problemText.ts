const WORDS: readonly (readonly [pattern: RegExp, say: (...parts: string[]) => string])[] = [
  [
    /^path: expected one with two anchors or more/,
    () => "First draw a path with at least two points in the plot.",
  ],
  [
    /^selection: expected particles selected in the plot/,
    () => "First select particles in the plot, with the lasso for instance.",
  ],
  [
    /^file name: expected one that is not taken, or leave to overwrite, found (.+)$/,
    (found) => `${found} exists already. Choose another name or tick “overwrite”.`,
  ],
  [
    /^file name: expected a place below the folder of the notebook, found (.+)$/,
    (found) => `Files can be written only below the notebook's folder, and ${found} is not there.`,
  ],
  [
    /^(.+): expected at least (\d+) particles to reconstruct, found (\d+)$/,
    (name, least, found) =>
      `“${name}” has too few particles to reconstruct: ${found}, and ${least} are needed.`,
  ],
  [
    /^density: expected particles that lie closer together somewhere/,
    () => "No clusters were found: the particles lie nowhere closer together than elsewhere.",
  ],
  [
    /^(?:path|montage): expected a run with at least one finished epoch/,
    () => "The run has no finished epoch yet.",
  ],
  [
    /^\w+: expected particles with a place, found none yet$/,
    () => "No particle has a place in the plot yet.",
  ],
];

/** What a user does about a problem that the kernel reports, in a sentence; other reports stay as they are. */
export function problemText(report: string): string {
  for (const [pattern, say] of WORDS) {
    const found = pattern.exec(report);
    if (found) return say(...found.slice(1));
  }
  return report;
}
