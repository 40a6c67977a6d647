import { existsSync } from "node:fs";
import { InputError } from "../../errors";
import type { GaussianModel } from "../../model/gaussianModel";
import { LatentModel } from "../../network/latentModel";
import { pointGroup } from "../../optics/symmetry";
import { FeatureBasis } from "../features/featureBasis";
import { blocksOf, headOfBlocks } from "../secondRound/keptAxes";
import type { EpochReport } from "../trainer";
import { UnitAssembly } from "../units/unitAssembly";
import { chosenStart, encoderLatentsOf, loadFrom } from "./checkpoint";
import { fixedAxesOf } from "./lineage";
import { RunDecoder } from "./runDecoder";
import type { RunFolder } from "./runFolder";
import type { RunRecord } from "./runRecord";

/** A run whose axes are the first of a second round, and stayed as they are. */
interface ParentRun {
  readonly decoder: RunDecoder;
  close(): void;
}

/** Contents of a run folder. */
export interface RunContents<Parent extends ParentRun> {
  record: RunRecord;
  neutral: GaussianModel;
  free: Uint8Array | undefined;
  bodies: Uint8Array | undefined;
  history: EpochReport[];
  neutralFrc: Float64Array;
  encoderLatents: Float32Array | undefined;
  decoder: RunDecoder;
  parent: Parent | undefined;
}

/**
 * Reads a run folder, with the networks of its last finished epoch.
 * @throws InputError if the folder is no run, was written by another version, or has no finished epoch, and if one of its
 *   files is damaged
 */
export async function readRunContents<Parent extends ParentRun>(
  files: RunFolder,
  openParent: (folder: string) => Promise<Parent>,
  threads?: number,
): Promise<RunContents<Parent>> {
  const record = await files.readRecord();
  const neutral = await files.readNeutral(record);
  const bodies = await files.readBodies(record, neutral.count);
  if (!existsSync(files.file("weights")))
    throw new InputError(files.folder, "at least one finished epoch", "none");
  const { arrays, at } = await files.readCheckpoint("weights", record);
  const history = await files.readHistory(at);
  const neutralFrc = await files.readNeutralFrc(record);
  const { symmetry } = record.inputs;
  const units = new UnitAssembly(symmetry === undefined ? undefined : pointGroup(symmetry));
  const unit = units.first(neutral);
  const { options, featureSize } = record;
  const blocks = await blocksOf(files, record, unit);
  const latent = blocks.reduce((sum, block) => sum + block.latent, 0);
  const model = new LatentModel(
    { ...options, latent, featureSize, ...(blocks.length > 1 && { blocks }) },
    headOfBlocks(unit, blocks, bodies?.slice(0, unit.count)),
    undefined,
    threads,
  );
  const free =
    blocks.length > 1 ? wholeFlags(model.head, neutral.count) : await files.readFree(record, neutral.count);
  let parent: Parent | undefined;
  try {
    if (fixedAxesOf(record) > 0) parent = await openParent(files.file("parent"));
    loadFrom(files.file("weights"), () => {
      model.load(arrays);
      FeatureBasis.load(arrays).requireFor(unit.count, record.rings, record.featureSize);
    });
    const encoderLatents = encoderLatentsOf(arrays, record, files.file("weights"));
    const starts = chosenStart(record, at);
    return {
      record: { ...record, ...(starts && { starts }) },
      ...{ neutral, free, bodies, history, neutralFrc, encoderLatents, parent },
      decoder: new RunDecoder({ neutral, free, model, units, parent: parent?.decoder }),
    };
  } catch (error) {
    model.dispose();
    parent?.close();
    throw error;
  }
}

/** Which Gaussians of a whole model the head of its first unit may change; undefined if it may change all. */
function wholeFlags(
  { free, neutral }: { free: Uint8Array | undefined; neutral: GaussianModel },
  count: number,
): Uint8Array | undefined {
  if (!free && neutral.count === count) return undefined;
  const flags = new Uint8Array(count);
  flags.set(free ?? new Uint8Array(neutral.count).fill(1));
  return flags;
}
