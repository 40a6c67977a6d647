import { availableParallelism } from "node:os";
import path from "node:path";
import { readAtoms } from "../../atoms/readAtoms";
import { InputError } from "../../errors";
import type { JobStatus } from "../../jobs/jobStatus";
import type { GaussianModel } from "../../model/gaussianModel";
import { indicesOf, type MovingBodies, motionOf, movingBodies } from "../../model/movingBodies";
import type { ExplorerParts } from "../explorerParts";
import type { MaskShape } from "../gaussianViewer/maskShapes";
import type { RegionMotionReport, RegionParticles, RegionRound, RegionState } from "./regionMessages";
import { type ChainGaussians, gaussiansAboveLevel, gaussiansOfChains } from "./regionSources";
import { roundSettings, startRound } from "./roundInRegion";
import { type SavedMask, SavedMasks, type SaveMaskOptions } from "./savedMasks";

/** Particles that are decoded to see what moves. */
const decodedForBodies = 48;
const decodedForMotion = 400;
/** Particles decoded before the kernel answers others. */
const decodedAtATime = 16;
const defaultReach = 5;

/** Whether Gaussians are added to a region or taken out of it. */
export type RegionMode = MaskShape["mode"];

/**
 * The region of an explorer: a part of the molecule, made of spheres and boxes (`explorer.viewer.shapes`), chains of an atomic
 * model, bodies that move apart, and what lies above the level of a map. It can be measured, kept as a mask in the run folder, and
 * trained on.
 *
 * @example
 * ```ts
 * const explorer = await e2.explore("RUN");
 * explorer.viewer.shapes = [{ kind: "sphere", mode: "add", centre: [0, 0, 10], radius: 25 }];
 * const { inside } = await explorer.region.motion();
 * const { file } = await explorer.region.saveMask("arm", { overwrite: true });
 * console.log(`${inside.toFixed(1)} Å RMS in ${file}`);
 * explorer.close();
 * ```
 */
export class ExplorerRegion {
  private readonly masks: SavedMasks;
  private bodies: MovingBodies | undefined;
  private chains: readonly ChainGaussians[] = [];
  private chainFile = "";

  /** @internal */
  constructor(
    private readonly parts: Pick<ExplorerParts, "explored" | "scatter" | "viewer" | "sets" | "workbench">,
  ) {
    this.masks = new SavedMasks(parts.workbench);
    // Bodies are of the decoder that found them.
    parts.explored.onRun(() => {
      this.bodies = undefined;
    });
  }

  private get model(): GaussianModel {
    return this.parts.explored.neutral;
  }

  /** Adds Gaussians to the region under a name, or takes them out. @param indices in the neutral model, from 0 */
  add(name: string, indices: readonly number[], mode: RegionMode = "add"): void {
    const { viewer } = this.parts;
    if (indices.length === 0) throw InputError.of(`There are no Gaussians in ${name}.`);
    const shape: MaskShape = { kind: "gaussians", mode, name, indices: [...indices] };
    const isFirst = viewer.shapes.length === 0;
    viewer.set({ shapes: [...viewer.shapes, shape], ...(isFirst && { colourBy: "region" }) });
  }

  /**
   * Divides the molecule into bodies that move as rigidly as they can, over 48 particles of the latent space; the first moves least.
   * @param count from 2 to 8
   * @throws InputError before the first epoch of a training
   */
  async findBodies(count: number): Promise<MovingBodies> {
    const states = await this.decoded(this.rowsOf("all"), decodedForBodies);
    this.bodies = movingBodies(this.mean(), states, count);
    return this.bodies;
  }

  /** Adds a body that was found, from 0. @throws InputError if there is no such body */
  addBody(body: number, mode: RegionMode = "add"): void {
    const { labels, motion } = this.bodies ?? { labels: [], motion: [] };
    if (motion[body] === undefined) throw new InputError("body", "one that was found", String(body + 1));
    this.add(`body ${body + 1} of ${motion.length}`, indicesOf(labels, body), mode);
  }

  /**
   * Reads the chains of an atomic model that lies in the map.
   * @param file     PDB or mmCIF file
   * @param distance in Å: Gaussians farther from every atom belong to no chain. Default 5
   * @throws InputError for an unreadable file, and for atoms that are not where the Gaussians are
   */
  async readChains(file: string, distance = defaultReach): Promise<readonly ChainGaussians[]> {
    const atoms = await readAtoms(file);
    this.chains = gaussiansOfChains(this.model, atoms, distance);
    this.chainFile = path.basename(file);
    return this.chains;
  }

  /** Adds the Gaussians of a chain that was read. @throws InputError if there is no such chain, or it has no Gaussians */
  addChain(chain: string, mode: RegionMode = "add"): void {
    const found = this.chains.find((one) => one.chain === chain);
    if (!found) throw new InputError("chain", "one of the model that was read", JSON.stringify(chain));
    this.add(`chain ${chain === "" ? "without name" : chain} of ${this.chainFile}`, found.indices, mode);
  }

  /** Adds the Gaussians where a map of the viewer is at the level of its surface or above. @throws InputError if there is none */
  addMap(name: string, mode: RegionMode = "add"): void {
    const { viewer } = this.parts;
    const map = [viewer.density, ...viewer.maps].find((one) => one.name === name);
    if (!map || map.data.length === 0) throw new InputError("map", "a map that is shown in the viewer", name);
    const level = Number(map.level.toPrecision(3));
    this.add(`${name} from ${level}`, gaussiansAboveLevel(this.model, map.state), mode);
  }

  /**
   * How far the region moves: the root mean square displacement of its Gaussians from the mean state, decoded at the places of up to
   * 400 particles, in the frame of the map. Errors of the places are part of it.
   * @param particles a set by id or name, the selection, or all (default)
   * @throws InputError for an empty region or set, and before the first epoch of a training
   */
  async motion(particles: RegionParticles = "all"): Promise<RegionMotionReport> {
    const { viewer } = this.parts;
    const inside = indicesOf(viewer.region, 1);
    if (inside.length === 0)
      throw InputError.of("The region is empty: add a shape, a chain or a body first.");
    const rows = this.rowsOf(particles);
    const states = await this.decoded(rows, decodedForMotion);
    const mean = this.mean();
    const outside = indicesOf(viewer.region, 0);
    return {
      inside: motionOf(mean, states, inside),
      outside: outside.length > 0 ? motionOf(mean, states, outside) : null,
      decoded: states.length,
      of: rows.length,
    };
  }

  /**
   * Keeps the region as a mask in the run folder, `workbench/masks/NAME.mrc`, with a soft border.
   * @throws InputError for an empty region, an unusable or taken name, and if nothing of the explorer is kept
   */
  saveMask(name: string, options: SaveMaskOptions = {}): Promise<SavedMask> {
    return this.masks.save(name, this.model, this.parts.viewer.shapes, options);
  }

  /** Makes a mask that was kept the region again. @throws InputError if there is no such mask */
  async restore(name: string): Promise<void> {
    const shapes = await this.masks.shapes(name, this.model);
    this.parts.viewer.set({ shapes, colourBy: "region" });
  }

  /**
   * Starts a second round in a mask that was kept, with some of the particles, as a job of this machine.
   * @returns its jobs; `e2.jobs.list(out)` says how far they are
   * @throws InputError as `e2.project.startRun`
   */
  async train(round: RegionRound): Promise<JobStatus[]> {
    return startRound(await this.settingsOf(round), this.selectionOf(round.particles));
  }

  /** Settings of that second round, with absolute paths. @internal */
  async settingsOf(round: RegionRound) {
    const { explored } = this.parts;
    const file = this.masks.fileOf(round.mask);
    return roundSettings(round, { run: explored.folder, mask: file, some: round.particles !== "all" });
  }

  /** What pages show of it. @internal */
  async state(): Promise<RegionState> {
    const { bodies, chains, chainFile } = this;
    const run = path.resolve(this.parts.explored.folder);
    const relative = path.relative(process.cwd(), `${run}_round2`);
    return {
      bodies: (bodies?.motion ?? []).map((motion, body) => ({
        ...{ motion, left: bodies!.left[body]! },
        count: indicesOf(bodies!.labels, body).length,
      })),
      chains: chains.map(({ chain, indices }) => ({ chain, count: indices.length })),
      chainFile,
      masks: await this.masks.names(),
      out: relative.startsWith("..") ? `${run}_round2` : relative,
      cpus: availableParallelism(),
    };
  }

  /** Rows of the particles of a second round; undefined: all. */
  private selectionOf(particles: RegionParticles): Uint32Array | undefined {
    return particles === "all" ? undefined : this.rowsOf(particles);
  }

  private rowsOf(particles: RegionParticles): Uint32Array {
    const { explored, scatter, sets } = this.parts;
    if (particles === "all") return Uint32Array.from({ length: explored.count }, (_, i) => i);
    if (particles !== "selection") return sets.get(particles.set).rows;
    if (scatter.rows.length === 0)
      throw InputError.of("First select particles in the plot, for instance with the lasso.");
    return Uint32Array.from(scatter.rows);
  }

  private mean(): GaussianModel {
    this.parts.explored.requireRun("motion");
    return this.parts.explored.meanModel!;
  }

  /** The models at some of the particles, evenly among them. */
  private async decoded(rows: Uint32Array, most: number): Promise<GaussianModel[]> {
    const { explored } = this.parts;
    const run = explored.requireRun("motion");
    const { latents, latent } = explored;
    const count = Math.min(most, rows.length);
    const models: GaussianModel[] = [];
    for (let i = 0; i < count; i++) {
      const row = rows[Math.floor(((i + 0.5) * rows.length) / count)]!;
      models.push(run.decode(latents.subarray(row * latent, (row + 1) * latent)));
      if (i % decodedAtATime === decodedAtATime - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    return models;
  }
}
