/** The Jupyter kernel, which tslab-widgets provides. */
export * from "tslab-widgets/kernel";
