/** What is made while a run is explored, and kept in its folder: sets, paths, views, notes. */
export type { NamedList } from "./namedList";
export { type NewSet, type SetOperation, SetTable } from "./setTable";
export { openWorkbench, Workbench } from "./workbench";
export type { LatentPath, NamedPath, NamedSet, NamedView } from "./workbenchState";
