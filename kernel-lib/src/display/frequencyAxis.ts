/** Round resolutions in Å that are worth a tick, coarse to fine. */
const roundResolutions = [100, 50, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1];

/** Ticks of a resolution axis at round numbers of Å that are not crowded, as spatial frequencies. */
export function resolutionTicks(highest: number): number[] {
  const ticks: number[] = [];
  for (const resolution of roundResolutions) {
    const at = 1 / resolution;
    if (at > highest) break;
    if (at - (ticks.at(-1) ?? 0) >= 0.085 * highest) ticks.push(at);
  }
  return ticks;
}

/** The two x axes of curves over spatial frequency: 1/Å below, Å above. To be drawn as independent axes. */
export function frequencyAxes(highest: number): { below: object; above: object } {
  const scale = { domain: [0, highest], nice: false };
  return {
    below: { type: "quantitative", scale, axis: { title: "Spatial frequency (1/Å)", tickCount: 6 } },
    above: {
      datum: highest,
      type: "quantitative",
      scale,
      axis: {
        orient: "top",
        title: "Resolution (Å)",
        values: resolutionTicks(highest),
        labelExpr: "format(1 / datum.value, '.3~r')",
        grid: false,
      },
    },
  };
}
