import { type Command, Option } from "commander";
import { InputError } from "../errors";
import { readEman2Text, writeEman2Text } from "../model/eman2Text";
import { readModel, writeModel } from "./modelFiles";
import {
  examples,
  fileOption,
  lengthOption,
  numberOption,
  type QuietOption,
  quietOption,
  required,
} from "./options";
import type { RunCommand, Session } from "./session";

interface ConvertOptions extends QuietOption {
  model: string;
  from: "e2gmm" | "eman2";
  to: "e2gmm" | "eman2";
  boxSize?: number;
  apix?: number;
  out: string;
}

const formats = ["e2gmm", "eman2"];

/** Adds the command `convert`. */
export function addConvert(program: Command, run: RunCommand): void {
  const command = program
    .command("convert")
    .summary("convert a model from and to EMAN2's text")
    .description(
      "Converts a Gaussian model from or to the text of EMAN2's e2gmm (e2gmm_refine_new.py), in which the signs of y and z are inverted, " +
        "sigma is in units of the box, amplitudes are those of transforms, and box and pixel size are missing.",
    )
    .addOption(required(fileOption("--model <file>", "model: .txt, or .pdb of this program")))
    .addOption(new Option("--from <format>", "format of --model").choices(formats).default("e2gmm"))
    .addOption(new Option("--to <format>", "format of --out").choices(formats).default("e2gmm"))
    .addOption(
      numberOption("--box-size <pixels>", "with --from eman2: box of the model", { integer: true, least: 1 }),
    )
    .addOption(lengthOption("--apix <Å>", "with --from eman2: its pixel size"))
    .addOption(required(fileOption("--out <file>", "output file of the model (.txt)")))
    .addOption(quietOption());
  examples(
    command,
    "e2gmm convert --model neutral.txt --to eman2 --out gmm_00/model_gmm.txt",
    "e2gmm convert --model gmm_00/model_gmm.txt --from eman2 --box-size 128 --apix 2.1 --out model.txt",
  );
  command.action((options: ConvertOptions) => run(options, (session) => convert(options, session)));
}

async function convert(options: ConvertOptions, session: Session): Promise<void> {
  const { model: file, from, to, boxSize, apix, out } = options;
  if (from === to) throw new InputError("--to", `another format than --from`, to);
  const outputs = await session.writes([out], [file]);
  if (from === "eman2") {
    if (boxSize === undefined || apix === undefined) {
      throw new InputError("--from eman2", "--box-size and --apix, which the file does not have", "none");
    }
    await writeModel(outputs.place(out), "text", [await readEman2Text(file, { boxSize, apix })]);
  } else {
    if (boxSize !== undefined || apix !== undefined) {
      throw new InputError("--box-size, --apix", "--from eman2; other models say theirs");
    }
    await writeEman2Text(outputs.place(out), await readModel(file));
  }
  await outputs.keep(session.signal);
  session.print(out);
}
