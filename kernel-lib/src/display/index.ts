/** Static figures and tables, which any Jupyter front end shows. */
export type { Column } from "./checks";
export { Figure, type FigureOptions } from "./figure";
export { type FscFigureOptions, fscFigure as fsc, type LabelledFsc } from "./fscFigure";
export { growthFigure as growth } from "./growthFigure";
export { histogramFigure as histogram } from "./histogramFigure";
export { type LabelledMap, type MapFigureOptions, mapFigure as map } from "./mapFigure";
export { type LabelledImage, type MontageOptions, montageFigure as montage } from "./montageFigure";
export { clearestAxis, type MotionOptions, motionFigure as motion } from "./motionFigure";
export { type ParticlesFigureOptions, particlesFigure as particles } from "./particlesFigure";
export { type ScatterOptions, type SetColumn, scatterFigure as scatter } from "./scatterFigure";
export { type Cell, Table, table } from "./table";
export { trainingFigure as training } from "./trainingFigure";
