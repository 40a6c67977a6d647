import path from "node:path";
import { parseArgs } from "node:util";
import * as e2 from "e2gmm";
import { Lab, launchChromium } from "../browser/lab";
import { secondRoundByHand } from "../browser/secondRoundByHand";

/**
 * The whole way from two files to a second round in the domain that moves, its maps and FSC, with the mouse alone in JupyterLab:
 * clicks of each step, seconds that the page takes, and seconds of computing. Particles are of a molecule whose arm turns about a
 * hinge. Pictures of the steps go to tests/artefacts.
 *
 *     node tests/dist/bench/byHand.js [--particles 1500] [--box 48]
 */

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { particles: { type: "string", default: "1500" }, box: { type: "string", default: "48" } },
  });
  const [lab, browser] = await Promise.all([Lab.start(), launchChromium()]);
  try {
    await e2.simulate.tilt({
      folder: path.join(lab.folder, "data"),
      states: 10,
      particlesPerState: Math.round(Number(values.particles) / 10),
      boxSize: Number(values.box),
      apix: 4,
      snr: 0.5,
      ctf: {},
      seed: 1,
    });
    const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
    await lab.open(page);
    const steps = await secondRoundByHand(page, "data");
    console.log("| step | clicks | page, s | computing, s |\n| --- | --- | --- | --- |");
    for (const { name, clicks, page: seconds, computing } of steps)
      console.log(
        `| ${name} | ${clicks} | ${seconds.toFixed(1)} | ${computing > 0.05 ? computing.toFixed(1) : ""} |`,
      );
    const sum = (of: "clicks" | "page" | "computing") => steps.reduce((all, step) => all + step[of], 0);
    console.log(`| all | ${sum("clicks")} | ${sum("page").toFixed(1)} | ${sum("computing").toFixed(1)} |`);
  } finally {
    await browser.close();
    await lab.stop();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
