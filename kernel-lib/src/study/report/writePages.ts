import { writeAtomic } from "../../atomicWrite";
import type { StudyFolder } from "../studyFolder";
import type { StudyReport } from "../studyReport";
import { htmlPage } from "./htmlPage";
import { notebookText } from "./notebook";
import { studySections } from "./sections";

/** Writes the page and the notebook of a study. */
export async function writePages(folder: StudyFolder, report: StudyReport): Promise<void> {
  const sections = studySections(report);
  await writeAtomic(folder.file("page"), await htmlPage(report, sections));
  await writeAtomic(folder.file("notebook"), await notebookText(report, sections));
}
