import { type CommTransport, commsSymbol, publishSymbol } from "../transport";
import type { CommManager } from "./comms";
import { captureIn } from "./execution";
import type { Output } from "./output";
import type { InputOptions, Stdin } from "./stdin";
import type { Json } from "./wire";

/** What cells and libraries find in `globalThis`. */

/** The parts of the kernel that the globals lead to. */
export interface GlobalParts {
  /** Opens comms. */
  comms: CommManager;
  /** Publishes output. */
  output: Output;
  /** Asks the user. */
  stdin: Stdin;
  /** Calls `callback` at the end of every cell. */
  onCellEnd(callback: () => void): void;
}

function transport({ comms, output, onCellEnd }: GlobalParts): CommTransport {
  // Voilà runs the cells with a recording client and shows the page to a live one afterwards.
  const voila = process.env["SERVER_SOFTWARE"]?.startsWith("voila") === true;
  return {
    open: comms.open.bind(comms),
    registerTarget: comms.registerTarget.bind(comms),
    get frontEndSeen() {
      return voila || comms.frontEndSeen;
    },
    get captureOutput() {
      return comms.frontEndSeen ? undefined : captureIn;
    },
    get parentId() {
      return output.context.header.msg_id;
    },
    onCellEnd,
  };
}

/** Defines `display`, `clearOutput` and `input` for cells, and the comms and `publish` for libraries. */
export function installGlobals(parts: GlobalParts): void {
  const { output, stdin } = parts;
  // Receives the values passed to `tslab.display`.
  const tslabJupyter = require("tslab/dist/jupyter") as { lastWriteDisplayData: unknown };
  tslabJupyter.lastWriteDisplayData = (data: Json, update: boolean) =>
    output.publish(update ? "update_display_data" : "display_data", data);
  const hidden = (symbol: symbol, value: unknown) =>
    Object.defineProperty(globalThis, symbol, { value, enumerable: false });
  hidden(publishSymbol, (type: string, content: Json) => output.publish(type, content));
  hidden(commsSymbol, transport(parts));
  Object.assign(globalThis, {
    display: (value: unknown, options?: DisplayOptions) => output.display(value, options),
    clearOutput: (wait = false) => output.publish("clear_output", { wait }),
    input: (prompt = "", options?: InputOptions) => stdin.ask(output.context, prompt, options),
  });
}
