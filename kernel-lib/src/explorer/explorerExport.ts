import { InputError } from "../errors";
import { writeMap } from "../maps/mapFile";
import { modelDensity } from "../model/density";
import type { GaussianModel } from "../model/gaussianModel";
import { latentColumns, writeSelection } from "../particles/writeSelection";
import type { NamedSet } from "../workbench/setTable";
import type { ExplorerParts } from "./explorerParts";
import type { ExportKind } from "./explorerState";
import { type Place, writeModel, writeReconstruction } from "./exportedFiles";
import type { ExportedPage } from "./page/exportPage";
import type { SetReconstructions } from "./sets/setReconstructions";
import { placeBelow } from "./workFolder";

/** Options of an export. */
export interface ExportOptions {
  /** Id or name of the set; needed for particles and maps. */
  set?: string;
  /** Whether an existing file is replaced. Default false. */
  overwrite?: boolean;
}

/** Result of an export. */
export interface ExportResult {
  /** Relative paths of the files. */
  files: string[];
  /** Assumptions and omissions. */
  warnings: string[];
}

/** Sources of the exported files. */
export interface ExportSource extends Pick<ExplorerParts, "explored" | "sets"> {
  /** Maps of the sets. */
  reconstructions: SetReconstructions;
  /** The model at the probe. */
  model(): GaussianModel;
  /** Writes the interactive page. */
  page(file: string, options: { overwrite: boolean }): Promise<ExportedPage>;
}

/**
 * Writes one kind of result below the working folder of the process.
 * @throws InputError for a path outside it, for an existing file unless `overwrite` is set, and if there is nothing
 * to write
 */
export async function exportFile(
  source: ExportSource,
  kind: ExportKind,
  file: string,
  { set, overwrite = false }: ExportOptions,
): Promise<ExportResult> {
  const { explored, sets, reconstructions, model } = source;
  const place: Place = (name, ...endings) => placeBelow(process.cwd(), name, endings, { overwrite });
  const chosen = (): NamedSet => {
    if (set === undefined) throw InputError.of("Choose the set to write.");
    return sets.get(set);
  };
  switch (kind) {
    case "particles": {
      const columns = latentColumns(explored.latents, explored.latent);
      const { rows } = chosen();
      const particles = explored.requireParticles();
      const warnings = await writeSelection(
        await place(file, ".star", particles.metadata.extension),
        particles,
        { rows, columns },
      );
      return { files: [file], warnings };
    }
    case "map": {
      const files = await writeReconstruction(file, await reconstructions.result(chosen()), place);
      return { files, warnings: [] };
    }
    case "model":
      await writeModel(await place(file, ".txt", ".pdb"), model());
      return { files: [file], warnings: [] };
    case "density":
      await writeMap(await place(file, ".mrc"), modelDensity(model()));
      return { files: [file], warnings: [] };
    case "page": {
      const page = await source.page(await place(file, ".html"), { overwrite });
      const size = `${(page.bytes / 1e6).toFixed(1)} MB`;
      const some = `${page.particles.toLocaleString("en")} of ${page.of.toLocaleString("en")} particles`;
      return { files: [file], warnings: [page.particles < page.of ? `${size}, with ${some}` : size] };
    }
    default:
      throw new InputError("export", "particles, map, model, density or page", String(kind));
  }
}
