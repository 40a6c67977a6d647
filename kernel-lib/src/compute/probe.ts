import { type BackendName, probeHere } from "./backends";

/** A program that tests the backend named by its first argument and prints the report as one line of JSON. */
probeHere(process.argv[2] as BackendName).then((report) => {
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
});
