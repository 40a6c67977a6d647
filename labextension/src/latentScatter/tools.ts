/** What the pointer does in the plot area. */
export type Tool = "probe" | "pan" | "lasso" | "box" | "radius" | "nearest" | "path";

/** What a new selection does to the last one. */
export type Mode = "replace" | "add" | "subtract";

/** Tools that select particles. */
export const selectionTools: readonly Tool[] = ["lasso", "box", "radius", "nearest"];
