import { download } from "../dom.js";
import type { Stage } from "../stage/stage.js";
import { withLegend } from "./pictureLegend.js";
import { type Recordable, recordRound } from "./player/movie.js";
import type { SideBySide } from "./sideBySide.js";
import type { GaussianViewerViewModel } from "./viewModel.js";

/** The pictures that are saved. */
export interface SavedPicture {
  stage: Stage;
  /** The left one of two. */
  beside: SideBySide | undefined;
  /** Of the file, without ending. */
  name: string;
  /** CSS colour behind the picture. */
  background: string;
  /** CSS colour of text on it. */
  colour: string;
}

/** Saves what is shown as PNG, in the style that the viewer has. */
export async function savePicture(
  viewModel: GaussianViewerViewModel,
  { stage, beside, name, colour }: SavedPicture,
): Promise<void> {
  const { legends, scaleBar, viewer } = viewModel;
  const { scale, transparent, legend } = viewer.read("pictureStyle");
  try {
    const plain = await (beside
      ? beside.pngWith(stage, { scale, transparent })
      : stage.png({ scale, transparent }));
    const device = stage.canvas.width / Math.max(1, stage.canvas.clientWidth);
    const text = { legends, scaleBar, colour, scale: scale * device };
    download(legend ? await withLegend(plain, text) : plain, `${name}.png`);
  } catch (error) {
    viewModel.say(`The picture cannot be saved: ${(error as Error).message}`);
  }
}

/** Records one round of the path, or of the morph, and saves it as a movie. */
export async function saveMovie(
  viewModel: GaussianViewerViewModel,
  { stage, name, background }: SavedPicture,
  of: "player" | "morph" = "player",
): Promise<void> {
  const recorded: Recordable = viewModel[of];
  if (viewModel.player.recording || viewModel.morph.recording) return;
  const { movieFormat: format } = viewModel.player;
  const source = { canvas: stage.canvas, background, drawn: () => stage.drawn() };
  try {
    const movie = await recordRound(recorded, source, format, {
      onProgress: (frame, frames) => viewModel.say(`Recording: frame ${frame} of ${frames}.`),
    });
    if (viewModel.isDisposed) return;
    if (movie) download(movie, `${name}.${format.toLowerCase()}`);
    viewModel.say(movie ? "The movie is saved." : "The browser recorded no frames; choose the format GIF.");
  } catch (error) {
    viewModel.say(`The movie cannot be saved: ${(error as Error).message}`);
  }
}
