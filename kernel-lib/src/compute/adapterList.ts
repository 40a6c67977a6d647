import { adapterMessage, noAdapter } from "./adapters";
import { openDawn } from "./dawn";

/** A program that prints Dawn's list of adapters; nothing if there is none. */
async function main(): Promise<void> {
  process.stdout.write(await adapterMessage(openDawn([`adapter=${noAdapter}`])));
}

main().then(
  () => process.stdout.write("\n", () => process.exit(0)),
  () => process.exit(1),
);
