import type { Picture } from "./still";
import type { StateOf, Traits } from "./traits";

/** The front-end classes that a widget uses, and its state. */
export interface WidgetKind<T extends Traits> {
  /** Class of the model in the front end. */
  modelName: string;
  /** Its npm package. */
  modelModule: string;
  /** The version of it, or the range of versions. */
  modelModuleVersion: string;
  /** Class of the view; null for a widget without a view, like a layout. */
  viewName: string | null;
  /** Its npm package. */
  viewModule: string;
  /** The version of it, or the range of versions. */
  viewModuleVersion: string;
  /** The entries of the state. */
  traits: T;
  /**
   * Corrections that follow from the whole state, such as a value brought back between its bounds. Default: none.
   * @throws TypeError if no correction can make the state valid
   */
  settle?(state: StateOf<T>): Partial<StateOf<T>>;
  /** The widget as a still picture, for pages without a kernel. Default: its name and value as text. */
  picture?(state: StateOf<T>): Picture;
}
