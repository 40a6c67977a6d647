import { Command } from "commander";
import { packageVersion } from "../version";
import { addAtoms } from "./atoms";
import { addBackends } from "./backends";
import { addCheck } from "./check";
import { addConvert } from "./convert";
import { addCorrect } from "./correct";
import { addDecode } from "./decode";
import { addEvidence } from "./evidence";
import { addFetch } from "./fetch";
import { addFsc } from "./fsc";
import { addJobs } from "./jobs";
import { addKernel } from "./kernel";
import { addLatent } from "./latent";
import { addMotions } from "./motions";
import { addNeutral } from "./neutral";
import { addOutliers } from "./outliers";
import { addPage } from "./page";
import { addPlace } from "./place";
import { addPostprocess } from "./postprocess";
import { addProject } from "./project";
import { addQueueOptions } from "./queue";
import { addReconstruct } from "./reconstruct";
import { addPoses } from "./refinePoses";
import { addRegionMotion } from "./regionMotion";
import { addRelion } from "./relion";
import { addRounds } from "./rounds";
import { addScore } from "./score";
import type { RunCommand } from "./session";
import { addSets } from "./sets";
import { addSimulate } from "./simulate";
import { addStates } from "./states";
import { addStudy } from "./study";
import { addTrain } from "./train";
import { addUnits } from "./units";

/** All commands, in the order in which they are typically used. */
export function makeProgram(run: RunCommand): Command {
  const program = new Command("e2gmm")
    .description(
      "Gaussian mixture models of cryo-EM heterogeneity. See e2gmm <command> --help for the options of a command.",
    )
    .version(packageVersion, "-V, --version")
    .showSuggestionAfterError(true)
    .exitOverride()
    // Errors are thrown and reported like all others, not printed by commander.
    .configureOutput({ outputError: () => undefined });
  addFetch(program, run);
  addSimulate(program, run);
  addCheck(program, run);
  addNeutral(program, run);
  addTrain(program, run);
  addEvidence(program, run);
  addStudy(program, run);
  addScore(program, run);
  addDecode(program, run);
  addAtoms(program, run);
  addLatent(program, run);
  addUnits(program, run);
  addMotions(program, run);
  addRegionMotion(program, run);
  addOutliers(program, run);
  addPlace(program, run);
  addSets(program, run);
  addPage(program, run);
  addPoses(program, run);
  addRounds(program, run);
  addReconstruct(program, run);
  addStates(program, run);
  addCorrect(program, run);
  addFsc(program, run);
  addPostprocess(program, run);
  addProject(program, run);
  addConvert(program, run);
  addRelion(program, run);
  addJobs(program, run);
  addBackends(program, run);
  addKernel(program, run);
  for (const command of longCommands(program)) addQueueOptions(command);
  program.addHelpText(
    "after",
    "\nFrom particles to the motion of a molecule:\n" +
      "  e2gmm check --particles particles.star --map consensus.mrc\n" +
      "  e2gmm neutral --map consensus.mrc --resolution 8 --out model.txt\n" +
      "  e2gmm train --particles particles.star --model model.txt --latent 2 --out run\n" +
      "  e2gmm evidence run\n" +
      "  e2gmm latent run --clusters auto --out sets\n" +
      "  e2gmm decode run --path sets/centres.txt --model-out motion.pdb\n" +
      "  e2gmm reconstruct --particles sets/set_1.star --data-folder . --out set_1.mrc",
  );
  return program;
}

/** Commands that may compute for long, and can be queued. */
const long = new Set([
  ...["simulate", "neutral", "train", "evidence", "atoms", "latent", "motions", "place", "poses", "rounds"],
  ...["reconstruct", "states", "correct", "project"],
]);

function longCommands(program: Command): Command[] {
  return program.commands.flatMap((command) => {
    if (command.name() === "study") return [...command.commands];
    if (!long.has(command.name())) return [];
    return command.commands.length > 0 ? [...command.commands] : [command];
  });
}
