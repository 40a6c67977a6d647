/** Stops of plotly's Viridis at equal distances. */
export const viridis: readonly string[] = [
  "#440154",
  "#482878",
  "#3e4989",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
];

/** The nearest stop for a number in a range, beyond whose ends colours stay; undefined for what is no number. */
export function viridisColour(
  value: number,
  { low, high }: { low: number; high: number },
): string | undefined {
  if (Number.isNaN(value)) return undefined;
  const part = Math.min(Math.max((value - low) / (high - low || 1), 0), 1);
  return viridis[Math.round((viridis.length - 1) * part)];
}
