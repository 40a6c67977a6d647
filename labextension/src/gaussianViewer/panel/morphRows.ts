import { html, type TemplateResult } from "lit/html.js";
import { button, checkbox, slider } from "../controls.js";
import type { MorphModel } from "../morph/morphModel.js";
import type { PlayerModel } from "../player/playerModel.js";
import { formatChoice } from "../player/playerTemplate.js";

/** The controls by which the maps that are shown are morphed; hidden with fewer than two. @param saveMovie records a round */
export function morphRows(morph: MorphModel, player: PlayerModel, saveMovie: () => void): TemplateResult {
  const { names, shown, leg } = morph;
  return html`<div class="e2gmm-morph" role="group" aria-label="Morph" ?hidden=${names.length < 2}>
    <div class="e2gmm-row">
      ${checkbox(`morph through ${names.length} maps`, shown, (checked) => morph.show(checked))}
      ${button("Movie", "Save the morph to the last map and back as a movie", saveMovie, {
        disabled: !shown || morph.recording,
      })}
      ${formatChoice(player, "Format of the morph")}
    </div>
    ${slider({
      text: "Morph",
      min: 0,
      max: Math.max(1, names.length - 1),
      step: 0.02,
      value: morph.position ?? 0,
      format: () => `${leg.percent} %`,
      onInput: (position) => morph.moveTo(position),
      hidden: !shown,
    })}
    <p class="e2gmm-note" ?hidden=${!shown}>From ${leg.from} to ${leg.to}.</p>
  </div>`;
}
