import type { Locator, Page } from "playwright-core";
import { Hand, type HandStep } from "./hand";

/** Milliseconds that a training may take. */
const training = 900_000;

/**
 * The whole way with the mouse alone, in a JupyterLab that shows its launcher: from a particle file and a map in `folder` to a
 * second round in the domain that moves most, maps of its states and their FSC. Nothing is typed: everything has its default.
 * @param folder with `particles.star` and `consensus.mrc`, below the root of the server
 * @param motionOnly takes the ticks from amplitude and width, for sets too small to tell a motion from what comes and goes
 * @throws Error where a step does not come to its end
 */
export async function secondRoundByHand(
  page: Page,
  folder: string,
  { motionOnly = false }: { motionOnly?: boolean } = {},
): Promise<HandStep[]> {
  const hand = new Hand(page, "by-hand");
  const project = page.locator(".e2gmm-project").last();
  const press = (name: string) => hand.click(project.getByRole("button", { name, exact: true }));
  const details = (run: string) => project.getByRole("region", { name: `Run ${run}` });
  const run = `${folder}/particles_run`;
  const round = `${run}_round2`;

  await hand.step("Launcher: New run", async () => {
    await hand.click(page.locator(".jp-LauncherCard", { hasText: "New run" }));
    await project.getByRole("button", { name: "Choose Particles" }).waitFor();
  });
  for (const [name, button, file] of [
    ["Choose the particles", "Choose Particles", "particles.star"],
    ["Choose the map", "Choose Consensus map", "consensus.mrc"],
  ] as const)
    await hand.step(name, async () => {
      await press(button);
      await chooseFile(hand, page, folder, file);
    });
  await hand.step("Check the files", async () => {
    await press("Check");
    await hand.wait(project.locator(".e2gmm-newRun-findings").waitFor({ timeout: training }));
  });
  if (motionOnly)
    await hand.step("Only positions may change", async () => {
      for (const kind of ["amplitude", "width"])
        await hand.click(project.getByRole("checkbox", { name: kind, exact: true }));
    });
  await hand.step("Start; the run is trained", async () => {
    await press("Start");
    await details(run).waitFor({ timeout: 60_000 });
    await hand.wait(
      details(run)
        .getByText(/^complete/)
        .waitFor({ timeout: training }),
    );
  });
  await hand.step("Open in explorer", async () => {
    await hand.click(details(run).getByRole("button", { name: "Open in explorer" }));
    await drawn(page);
  });

  const explorer = page.locator(".e2gmm-explorer").last();
  await hand.step("Drag the ring: the molecule moves", async () => {
    const before = await shownGaussians(explorer);
    await hand.drag(explorer.locator(".e2gmm-scatter-probe-ring").first(), { x: 60, y: 0 });
    await until(async () => (await shownGaussians(explorer)) !== before);
  });
  const region = explorer.locator(".e2gmm-region");
  const says = (pattern: RegExp) =>
    region.locator(".e2gmm-region-message").filter({ hasText: pattern }).waitFor({ timeout: 60_000 });
  await hand.step("Region: parts that move apart", async () => {
    await hand.click(region.locator("summary"));
    await hand.click(region.getByRole("button", { name: "Find" }));
    await hand.wait(region.getByRole("button", { name: /^1: \d+ Gaussians/ }).waitFor({ timeout: 60_000 }));
  });
  await hand.step("The part that moves most becomes the region, and is measured", async () => {
    await hand.click(await farthestPart(region));
    await region
      .locator(".e2gmm-region-summary")
      .filter({ hasText: /^\d+ of \d+ Gaussians are/ })
      .waitFor();
    await hand.click(region.getByRole("button", { name: "Measure" }));
    await hand.wait(region.locator(".e2gmm-region-motion").waitFor({ timeout: 60_000 }));
  });
  await hand.step("Save it as a mask", async () => {
    await hand.click(region.getByRole("button", { name: "Save mask" }));
    await says(/^Saved \d+ Gaussians/);
  });
  await hand.step("Train here; the second round is trained", async () => {
    await hand.click(region.getByRole("button", { name: "Train here" }));
    await says(/^Started /);
    await hand.click(page.locator(".lm-TabBar-tab", { hasText: /New run|Project/ }));
    await hand.click(project.getByRole("button", { name: round, exact: true }));
    await hand.wait(
      details(round)
        .getByText(/^complete/)
        .waitFor({ timeout: training }),
    );
  });
  await hand.step("Open the second round in the explorer", async () => {
    await hand.click(details(round).getByRole("button", { name: "Open in explorer" }));
    await drawn(page);
  });

  const second = page.locator(".e2gmm-explorer").filter({ visible: true }).last();
  await hand.step("Its states: clusters", async () => {
    await hand.click(second.getByRole("button", { name: "Clusters", exact: true }));
    await hand.wait(
      second
        .getByRole("table", { name: "Sets of particles" })
        .getByRole("row")
        .nth(2)
        .waitFor({ timeout: 60_000 }),
    );
  });
  await hand.step("Their maps and FSC", async () => {
    await hand.click(second.getByRole("checkbox", { name: "Tick all sets" }));
    await hand.click(
      second.getByRole("group", { name: "Ticked" }).getByRole("button", { name: "Reconstruct" }),
    );
    const sets = await second.getByRole("checkbox", { name: /^Tick (?!all)/ }).count();
    await hand.wait(
      second
        .getByRole("checkbox", { name: "show" })
        .nth(sets - 1)
        .waitFor({ timeout: training }),
    );
    await hand.scrollTo(second.getByRole("complementary", { name: "Curves" }).locator("svg").first());
  });
  return hand.steps;
}

/** Chooses a file in JupyterLab's dialog, through its folders. */
async function chooseFile(hand: Hand, page: Page, folder: string, file: string): Promise<void> {
  const dialog = page.locator(".jp-Dialog");
  const item = (name: string) => dialog.locator(".jp-DirListing-item", { hasText: name });
  await item(folder).or(item(file)).first().waitFor();
  if ((await item(file).count()) === 0) await hand.doubleClick(item(folder));
  await hand.click(item(file));
  await hand.click(dialog.getByRole("button", { name: "Select" }));
  await dialog.waitFor({ state: "detached" });
}

/** The button of the moving part with the largest motion. */
async function farthestPart(region: Locator): Promise<Locator> {
  const parts = region.getByRole("button", { name: /^\d+: \d+ Gaussians/ });
  const motions = (await parts.allInnerTexts()).map((text) => Number(/([\d.]+) Å/.exec(text)?.[1]));
  return parts.nth(motions.indexOf(Math.max(...motions)));
}

async function drawn(page: Page): Promise<void> {
  const explorer = page.locator(".e2gmm-explorer").filter({ visible: true }).last();
  await explorer.locator(".e2gmm-scatter[data-drawn]").waitFor({ timeout: 120_000 });
  await until(async () => (await shownGaussians(explorer)) !== "");
}

/** The first Gaussians that the molecule of an explorer shows; empty before it is drawn. */
function shownGaussians(explorer: Locator): Promise<string> {
  return explorer.locator(".e2gmm-viewer").evaluate((viewer) => {
    const { e2gmmView } = viewer as unknown as { e2gmmView?: { drawing?: { shown: Float32Array } } };
    return e2gmmView?.drawing?.shown.slice(0, 20).join() ?? "";
  });
}

/** Waits until something is so. @throws Error after a minute */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("a step shows nothing within a minute");
}
