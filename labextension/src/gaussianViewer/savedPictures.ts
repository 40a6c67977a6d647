import { download } from "../dom.js";
import type { Stage } from "../stage/stage.js";
import { recordRound } from "./player/movie.js";
import type { SideBySide } from "./sideBySide.js";
import type { GaussianViewerViewModel } from "./viewModel.js";

/** The pictures that are saved. */
export interface SavedPicture {
  stage: Stage;
  /** The left one of two. */
  beside: SideBySide | undefined;
  /** Of the file, without ending. */
  name: string;
}

/** Saves what is shown as PNG, in the style that the viewer has. */
export async function savePicture(
  { viewer }: GaussianViewerViewModel,
  { stage, beside, name }: SavedPicture,
): Promise<void> {
  const style = viewer.read("pictureStyle");
  download(beside ? await beside.pngWith(stage, style) : await stage.png(style), `${name}.png`);
}

/** Records one round of the path, and saves it as a movie. @param background CSS colour behind the picture */
export async function saveMovie(
  viewModel: GaussianViewerViewModel,
  { stage, name }: SavedPicture,
  background: string,
): Promise<void> {
  const { player } = viewModel;
  if (player.recording) return;
  const { movieFormat: format } = player;
  const source = { canvas: stage.canvas, background, drawn: () => stage.drawn() };
  const movie = await recordRound(player, source, format, {
    onProgress: (frame, frames) => viewModel.say(`Recording: frame ${frame} of ${frames}.`),
  });
  if (movie) download(movie, `${name}.${format.toLowerCase()}`);
  viewModel.say(
    movie ? "The movie is saved." : "The browser recorded no frames; save the path as PDB instead.",
  );
}
