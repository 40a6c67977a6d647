import type { Figure } from "../../display/figure";
import type { Table } from "../../display/table";

/** A section of the report of a study: text, tables and figures. */
export interface StudySection {
  /** Heading. */
  title: string;
  /** Paragraphs. */
  text: string[];
  /** To be shown below the text, in this order. */
  shown: (Table | Figure)[];
}

/** Labels of two parts. */
export type Labels = readonly [string, string];
