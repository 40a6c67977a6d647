/**
 * Selecting points by position. Points are given as {@link Columns}, one array per axis. The results are rows,
 * counted from 0, ascending, each once. A point with NaN on one of the axes is never selected.
 */
export { type Columns, columnsOf } from "./columns";
export { type Line, type LineOptions, type LineParts, partsAlongLine } from "./lineParts";
export { rowsInPolygon } from "./polygon";
export { nearestRows, rowsByNearest, rowsInBox, rowsWithin, squaredDistances } from "./regions";
export { checkedRows, intersectRows, otherRows, rowsByLabel, subtractRows, unionRows } from "./rowSets";
