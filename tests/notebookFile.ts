export interface NotebookOptions {
  /** Name of the kernel. Default: `e2gmm`. */
  kernel?: string;
  /** Tags of the first cell. Default: none. */
  tags?: readonly string[];
}

/** A notebook of TypeScript cells. */
export function notebookOf(
  cells: readonly string[],
  { kernel = "e2gmm", tags }: NotebookOptions = {},
): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: {
        name: kernel,
        display_name: kernel === "e2gmm" ? "TypeScript (e2gmm)" : kernel,
        language: "typescript",
      },
    },
    cells: cells.map((source, i) => ({
      id: `cell${i}`,
      cell_type: "code",
      metadata: i === 0 && tags ? { tags } : {},
      execution_count: null,
      outputs: [],
      source,
    })),
  };
}
