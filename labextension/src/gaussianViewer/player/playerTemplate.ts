import { html, type TemplateResult } from "lit/html.js";
import { button, checkbox, choice, slider } from "../controls.js";
import { canRecord, type MovieFormat, movieFormats } from "./movieFormat.js";
import type { PlayerModel } from "./playerModel.js";

/** What the player's buttons do outside the player. */
export interface PlayerActions {
  saveMovie(): void;
  savePdb(): void;
}

const movieNames: Record<MovieFormat, string> = {
  WebM: "a WebM movie",
  MP4: "an MP4 movie",
  GIF: "an animated GIF",
};

/** Frames per second that are offered. */
const rates = [3, 6, 12, 24, 48];

/** The controls of the recorded path; hidden without one. */
export function playerTemplate(player: PlayerModel, { saveMovie, savePdb }: PlayerActions): TemplateResult {
  const { playing, frameCount, framesPerSecond, movieFormat } = player;
  const offered = rates.includes(framesPerSecond) ? rates : [...rates, framesPerSecond];
  return html`<div
    class="e2gmm-player"
    role="group"
    aria-label="Recorded path"
    ?hidden=${frameCount === 0}
  >
    ${button(playing ? "Pause" : "Play", playing ? "Pause the path" : "Play the path", () => player.toggle())}
    ${slider({
      text: "Frame",
      min: 0,
      max: Math.max(0, frameCount - 1),
      step: 1,
      value: player.lastFrame,
      format: (frame) => `${frame + 1} of ${frameCount}`,
      onInput: (frame) => player.scrub(frame),
    })}
    ${choice({
      label: "Frames per second",
      options: offered.map((rate) => [String(rate), `${rate} per second`] as const),
      value: String(framesPerSecond),
      onChange: (rate) => {
        player.framesPerSecond = Number(rate);
      },
    })}
    ${checkbox("back and forth", player.backAndForth, (backAndForth) => {
      player.backAndForth = backAndForth;
    })}
    ${button("Movie", `Save one round of the path as ${movieNames[movieFormat]}`, saveMovie, {
      disabled: player.recording,
    })}
    ${formatChoice(player, "Format of the movie")}
    ${button("PDB", "Save the path as a PDB file of several models", savePdb)}
  </div>`;
}

/** The list of the formats in which movies are saved. @param label its name for screen readers */
export function formatChoice(player: PlayerModel, label: string): TemplateResult {
  return choice<MovieFormat>({
    label,
    options: movieFormats.filter(canRecord).map((format) => [format, format] as const),
    value: player.movieFormat,
    onChange: (format) => {
      player.movieFormat = format;
    },
  });
}
