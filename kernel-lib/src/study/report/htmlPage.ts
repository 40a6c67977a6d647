import { displaySymbol, escapeMarkup } from "tslab-widgets/display";
import { Figure } from "../../display/figure";
import type { StudyReport } from "../studyReport";
import type { StudySection } from "./studySection";

const style = `
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; color: #222; background: #fff; max-width: 980px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .3em; } h2 { font-size: 1.15em; margin: 2em 0 .4em; border-bottom: 1px solid #ddd; padding-bottom: .2em; }
.verdict { border-left: 6px solid #8a8a8a; background: #f6f6f6; padding: .7em 1em; font-size: 1.05em; overflow-wrap: anywhere; }
.reproducible { border-color: #009E73; } .partly { border-color: #E69F00; } .not { border-color: #D55E00; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .8em 0; font-size: .9em; }
caption { text-align: left; font-weight: 600; padding: 4px 0; } th, td { padding: .25em .7em; border-bottom: 1px solid #e6e6e6; vertical-align: top; overflow-wrap: break-word; }
.figures { display: flex; flex-wrap: wrap; gap: 1.5em; align-items: flex-start; } svg { max-width: 100%; height: auto; }
footer { margin-top: 3em; color: #666; font-size: .85em; }
@media print { h2 { break-after: avoid; } svg, table { break-inside: avoid; } }
`;

const titles = {
  halves: "Even/odd study",
  seeds: "Study of seeds",
  options: "Study of options",
} as const;

/** Title of a study. */
export const titleOf = ({ kind }: StudyReport): string => titles[kind];

/** One page that needs nothing else: no script, no file, no network. Text from files is escaped. */
export async function htmlPage(report: StudyReport, sections: readonly StudySection[]): Promise<string> {
  const parts: string[] = [];
  for (const section of sections) parts.push(await sectionHtml(section, report));
  const { particles } = report.settings as { particles?: unknown };
  const title = titleOf(report);
  return (
    `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n` +
    `<title>${escapeMarkup(title)}: ${report.verdict}</title>\n<style>${style}</style>\n</head>\n<body>\n` +
    `<h1>${escapeMarkup(title)}</h1>\n${parts.join("\n")}\n` +
    `<footer>${escapeMarkup(String(particles ?? ""))} · e2gmm ${escapeMarkup(report.program)}</footer>\n</body>\n</html>\n`
  );
}

async function sectionHtml({ title, text, shown }: StudySection, report: StudyReport): Promise<string> {
  const isVerdict = title === "Verdict";
  const paragraphs = text.map((paragraph, p) =>
    isVerdict && p === 0
      ? `<p class="verdict ${report.verdict}"><strong>${escapeMarkup(paragraph)}.</strong></p>`
      : `<p>${escapeMarkup(paragraph)}</p>`,
  );
  const tables: string[] = [];
  const figures: string[] = [];
  for (const one of shown) {
    if (one instanceof Figure) figures.push(`<figure style="margin:0">${await one.svg()}</figure>`);
    else tables.push(`<div class="scroll">${one[displaySymbol]()["text/html"]}</div>`);
  }
  const heading = isVerdict ? "" : `<h2>${escapeMarkup(title)}</h2>\n`;
  return `<section>\n${heading}${[...paragraphs, ...tables].join("\n")}\n<div class="figures">${figures.join("\n")}</div>\n</section>`;
}
