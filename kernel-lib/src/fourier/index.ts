/** Fourier space: the box in which images are compared. */
export { type TrainingBox, trainingBox } from "./trainingBox";
