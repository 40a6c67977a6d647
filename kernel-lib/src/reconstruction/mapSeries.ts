/** A script of ChimeraX that shows maps one after the other as a movie, at the same level. @param names of files beside it */
export function mapSeries(names: readonly string[]): string {
  const quoted = names.map((name) => (/^[\w.-]+$/.test(name) ? name : `"${name.replace(/"/g, "")}"`));
  return [
    "# Open this file in ChimeraX: the states as a movie.",
    `open ${quoted.join(" ")} vseries true`,
    "volume #1 sdLevel 3",
    "view",
    "# For a file, first: movie record",
    "vseries play #1 direction oscillate loop true",
    "# and after a round: stop, then: movie encode states.mp4",
    "",
  ].join("\n");
}
