/** The live widgets of notebooks: those of tslab-widgets, under the name of this package. */
export * from "tslab-widgets";
