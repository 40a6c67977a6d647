import { displaySymbol } from "tslab-widgets/display";
import type { StudyReport } from "../studyReport";
import { titleOf } from "./htmlPage";
import type { StudySection } from "./studySection";

/** Cells and outputs of nbformat 4.5. */
interface Cell {
  cell_type: "markdown" | "code";
  id: string;
  metadata: object;
  source: string[];
  execution_count?: number;
  outputs?: object[];
}

/** A notebook that reads the study and shows it, with its outputs as they come when it is run. */
export async function notebookText(report: StudyReport, sections: readonly StudySection[]): Promise<string> {
  const cells: Cell[] = [
    markdown("title", `# ${titleOf(report)}\n\n**${escaped(sections[0]!.text[0]!)}.**`),
    code("read", 1, [
      'import * as e2 from "e2gmm";',
      "",
      "// The folder of the study: that of this notebook",
      'const report = await e2.study.read(".");',
      "const sections = e2.study.sections(report);",
    ]),
  ];
  for (const [s, section] of sections.entries()) {
    const text = s === 0 ? section.text.slice(1) : section.text;
    cells.push(
      markdown(`text-${s + 1}`, `## ${escaped(section.title)}\n\n${text.map(escaped).join("\n\n")}`),
    );
    if (section.shown.length === 0) continue;
    const outputs: object[] = [];
    for (const one of section.shown) {
      const bundle = await one[displaySymbol]();
      outputs.push({ output_type: "display_data", metadata: {}, data: bundle });
    }
    cells.push(
      code(`show-${s + 1}`, s + 2, [`for (const one of sections[${s}].shown) await e2.show(one);`], outputs),
    );
  }
  const notebook = {
    cells,
    metadata: {
      kernelspec: { display_name: "TypeScript (e2gmm)", language: "typescript", name: "e2gmm" },
      language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
    },
    ...{ nbformat: 4, nbformat_minor: 5 },
  };
  return `${JSON.stringify(notebook, null, 1)}\n`;
}

const lines = (text: string) => text.split(/(?<=\n)/);

function markdown(id: string, text: string): Cell {
  return { cell_type: "markdown", id, metadata: {}, source: lines(text) };
}

function code(id: string, count: number, source: readonly string[], outputs: object[] = []): Cell {
  return {
    cell_type: "code",
    id,
    metadata: {},
    source: lines(source.join("\n")),
    execution_count: count,
    outputs,
  };
}

/** Text without meaning for Markdown. */
const escaped = (text: string) => text.replace(/[\\`*_{}[\]<>#|$~]/g, "\\$&");
