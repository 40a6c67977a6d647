import { type BackendName, probeHere } from "./backends";

/** Tries the backend named by the first argument and prints its report as one line of JSON. */
probeHere(process.argv[2] as BackendName).then((report) => {
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
});
