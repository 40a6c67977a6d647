import { noAdapter } from "./adapters";
import { openDawn } from "./dawn";

/** A program that prints Dawn's list of adapters; nothing if there is none. */
async function main(): Promise<void> {
  process.stdout.write(await listOf(openDawn([`adapter=${noAdapter}`])));
}

/** Dawn's answer to a name that no adapter has. */
async function listOf(dawn: GPU): Promise<string> {
  try {
    await dawn.requestAdapter();
    return "";
  } catch (error) {
    return String((error as Error).message);
  }
}

main().then(
  () => process.stdout.write("\n", () => process.exit(0)),
  () => process.exit(1),
);
