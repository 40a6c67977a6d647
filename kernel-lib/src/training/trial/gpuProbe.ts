import { measureGpuHere } from "./gpuReports";

/** A program that tests and measures the GPU with the number of its first argument, and prints the result as one line of JSON. */
measureGpuHere(Number(process.argv[2])).then((found) => {
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
});
