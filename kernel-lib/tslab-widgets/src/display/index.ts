/** How a value shows in a notebook: the display protocol, and SVG as PNG for front ends that show no SVG. */
export * from "./displayable";
export * from "./raster";
