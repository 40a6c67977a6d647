/** A product of matrices whose tiles are chosen. */
export interface TiledProduct {
  rows: number;
  columns: number;
  /** Products of this size that are computed at once. */
  layers: number;
}

/** What a workgroup of across · down threads computes: each · down rows of 4 · across columns, `each` rows per thread. */
export interface Tile {
  across: number;
  down: number;
  each: 4 | 8;
}

/** Workgroups that keep a large GPU busy. */
const manyGroups = 256;
/** Columns from which a product of few rows is computed in wide tiles. */
const wide = 2048;

/**
 * The tile of a product. Eight rows per thread need fewer reads of workgroup memory for a multiplication, and half as many threads:
 * they are chosen where there are threads enough. It depends on nothing but the sizes, so that a GPU gives the same bits in every
 * run. All tiles fit in 16 KiB of workgroup memory, which every GPU has.
 */
export function tileOf({ rows, columns, layers }: TiledProduct): Tile {
  const large: Tile = { across: 8, down: 8, each: 8 };
  const groups =
    Math.floor(rows / (large.each * large.down)) * Math.ceil(columns / (4 * large.across)) * layers;
  if (groups >= manyGroups) return large;
  return { across: columns >= wide ? 16 : 8, down: 8, each: 4 };
}
