export * from "./errors";
export * from "./maps/volume";
export * from "./model/gaussianModel";
export * from "./progress";
export * from "./random";
