/** Static figures and tables, which any Jupyter front end shows. */
export type { Column } from "./checks";
export { Figure, type FigureOptions } from "./figure";
export { type FscFigureOptions, fscFigure as fsc, type LabelledFsc } from "./fscFigure";
export { type GrowthFigureOptions, growthFigure as growth } from "./growthFigure";
export { type HistogramFigureOptions, histogramFigure as histogram } from "./histogramFigure";
export { type LabelledMap, type MapFigureOptions, mapFigure as map } from "./mapFigure";
export { type LabelledImage, type MontageFigureOptions, montageFigure as montage } from "./montageFigure";
export { clearestAxis, type MotionFigureOptions, motionFigure as motion } from "./motionFigure";
export { type ParticlesFigureOptions, particlesFigure as particles } from "./particlesFigure";
export { type PopulationFigureOptions, populationFigure as population } from "./populationFigure";
export { runFigure as run } from "./runFigure";
export { type ScatterFigureOptions, type SetColumn, scatterFigure as scatter } from "./scatterFigure";
export { type Cell, Table, type TableOptions, table } from "./table";
export { trainingFigure as training } from "./trainingFigure";
