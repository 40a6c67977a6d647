import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { writeAtomic } from "../../atomicWrite";
import { InputError } from "../../errors";
import { writeMap } from "../../maps/mapFile";
import type { GaussianModel } from "../../model/gaussianModel";
import { checked, numberIn, parsedJson } from "../../schema";
import { checkedName } from "../../workbench/names";
import type { Workbench } from "../../workbench/workbench";
import { type MaskShape, maskShapes } from "../gaussianViewer/maskShapes";
import { type RegionMaskOptions, regionMask } from "./regionMask";

/** Folder of the masks in that of the workbench. */
const masksFolder = "masks";

/** Of a mask's parts, beside it: what it was made from. */
const recipe = v.looseObject({
  format: v.literal(1, "1"),
  gaussians: numberIn({ integer: true, least: 1 }),
  shapes: v.array(v.unknown(), "a list of shapes"),
});

/** Options of a mask that is kept. */
export interface SaveMaskOptions extends RegionMaskOptions {
  /** Whether a mask of this name is replaced. Default false. */
  overwrite?: boolean;
}

/** A mask that was written. */
export interface SavedMask {
  /** Absolute path of the map file. */
  file: string;
  /** Gaussians of the neutral model where it is at least 0.5. */
  gaussians: number;
}

/** Masks of regions in the run folder, `workbench/masks/NAME.mrc`, each with its shapes beside it as `NAME.json`. */
export class SavedMasks {
  constructor(private readonly workbench: Pick<Workbench, "folder">) {}

  /** Names in alphabetical order. */
  async names(): Promise<string[]> {
    const { folder } = this.workbench;
    if (folder === undefined) return [];
    const entries = await readdir(path.join(folder, masksFolder)).catch(() => []);
    return entries
      .filter((name) => /\.mrc$/.test(name))
      .map((name) => name.slice(0, -4))
      .sort();
  }

  /** Path of the file of a mask. @throws InputError for a name that is no file name, and if nothing is kept */
  fileOf(name: string): string {
    return this.place(name, ".mrc");
  }

  private place(given: string, ending: string): string {
    const { folder } = this.workbench;
    if (folder === undefined)
      throw InputError.of("Masks are kept in the run folder, but nothing is kept of this explorer.");
    const name = checkedName(given, "mask");
    // A name is the name of a file on any system, and nothing else.
    if (/[\\/:*?"<>|]/.test(name) || name.startsWith("."))
      throw new InputError(
        "name",
        'a file name without \\ / : * ? " < > | that does not begin with a dot',
        JSON.stringify(name),
      );
    return path.join(folder, masksFolder, `${name}${ending}`);
  }

  /**
   * Writes the mask of a region. @throws InputError for an empty region, an unusable or taken name, and a folder that cannot be written
   */
  async save(
    name: string,
    model: GaussianModel,
    shapes: readonly MaskShape[],
    { overwrite = false, ...options }: SaveMaskOptions = {},
  ): Promise<SavedMask> {
    const [file, beside] = [this.place(name, ".mrc"), this.place(name, ".json")];
    if (!overwrite && existsSync(file))
      throw new InputError(file, "a name that is free; choose another or replace it", "a mask");
    const { mask, gaussians } = regionMask(model, shapes, options);
    await mkdir(path.dirname(file), { recursive: true });
    const { softEdge } = options;
    const record = { format: 1, gaussians: model.count, ...(softEdge !== undefined && { softEdge }), shapes };
    // First what the mask can be made from again; a mask without it can still be used.
    await writeAtomic(beside, `${JSON.stringify(record)}\n`);
    await writeMap(file, mask);
    return { file, gaussians };
  }

  /** The shapes of a mask. @throws InputError if there are none of this name, or of another model */
  async shapes(name: string, model: GaussianModel): Promise<readonly MaskShape[]> {
    const file = this.place(name, ".json");
    const text = await readFile(file, "utf8").catch(() => {
      throw new InputError(file, "the shapes of a mask", "no such file");
    });
    const { gaussians, shapes } = checked(recipe, parsedJson(text, file), file);
    if (gaussians !== model.count)
      throw new InputError(`${file}: gaussians`, `${model.count}, as the model has`, String(gaussians));
    try {
      return maskShapes.accept(shapes as MaskShape[]);
    } catch (error) {
      throw InputError.of(`${file}: ${(error as Error).message}`);
    }
  }
}
