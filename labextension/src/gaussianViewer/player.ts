import { element } from "../dom.js";
import { button, checkbox, choice, slider } from "./controls.js";
import { frameAfter, stepsOfRound, unpackedFrame } from "./frames.js";
import { prefersReducedMotion } from "./stage.js";
import type { GaussianViewerModel } from "./viewerModel.js";

/** What the player needs of the view around it. */
export interface PlayerPlace {
  /** Draws a frame. */
  show(gaussians: Float32Array, frame: number): void;
  /** The path has come to rest at the frame that is shown. */
  rested(frame: number): void;
  /** The canvas to record and the colour behind it, once there is one. */
  picture(): { canvas: HTMLCanvasElement; background: string } | undefined;
  /** Resolves when what was shown has been drawn. */
  drawn(): Promise<void>;
  say(text: string): void;
  savePdb(): void;
  saveMovie(movie: Blob): void;
}

/** A WebM file of fewer bytes has a header and no frame. */
const EMPTY_MOVIE = 1000;
/** How often, and after how many milliseconds each, the encoder is asked for what it has. */
const ENCODER_TRIES = 50;
const ENCODER_WAIT = 100;

/** Milliseconds after which a slider that is dragged has come to rest. */
const SCRUB_REST = 250;

/** Plays the recorded path of a viewer, and records it as a movie. */
export class Player {
  readonly node = element("div", { class: "e2gmm-player" });
  readonly #model: GaussianViewerModel;
  readonly #place: PlayerPlace;
  readonly #play: HTMLButtonElement;
  readonly #movie: HTMLButtonElement;
  readonly #scrub: ReturnType<typeof slider>;
  readonly #speed: ReturnType<typeof choice>;
  readonly #back: ReturnType<typeof checkbox>;
  #timer: ReturnType<typeof setInterval> | undefined;
  #steps = 0;
  /** The frame that is shown; undefined while the state is. */
  #frame: number | undefined;
  #scrubbed: ReturnType<typeof setTimeout> | undefined;
  #recording = false;

  constructor(model: GaussianViewerModel, place: PlayerPlace) {
    this.#model = model;
    this.#place = place;
    this.#play = button("Play", "Play the path", () => (this.#timer ? this.rest() : this.play()));
    this.#movie = button("Movie", "Save one round of the path as a WebM movie", () => void this.record());
    const pdb = button("PDB", "Save the path as a PDB file of several models", () => place.savePdb());
    this.#scrub = slider(
      "Frame",
      { min: 0, max: 1, step: 1 },
      (frame) => `${frame + 1} of ${this.#count}`,
      (frame) => {
        this.pause();
        this.showFrame(frame);
        clearTimeout(this.#scrubbed);
        this.#scrubbed = setTimeout(() => this.rest(), SCRUB_REST);
      },
    );
    this.#speed = choice(
      "Frames per second",
      [3, 6, 12, 24, 48].map((rate) => [String(rate), `${rate} per second`] as const),
      (rate) => model.change({ framesPerSecond: Number(rate) }),
    );
    this.#back = checkbox("back and forth", (backAndForth) => model.change({ backAndForth }));
    this.node.setAttribute("role", "group");
    this.node.setAttribute("aria-label", "Recorded path");
    this.node.append(this.#play, this.#scrub.node, this.#speed.input, this.#back.node, this.#movie, pdb);
    this.update();
  }

  get #count(): number {
    return this.#model.read("frameCount") ?? 0;
  }

  /** The path or how it is played has changed. */
  update(): void {
    const [rate, back] = [this.#model.read("framesPerSecond"), this.#model.read("backAndForth")];
    this.node.hidden = this.#count === 0;
    this.#scrub.setRange({ min: 0, max: Math.max(0, this.#count - 1), step: 1 });
    this.#back.input.checked = back;
    const known = [...this.#speed.input.options].some(({ value }) => value === String(rate));
    if (!known) this.#speed.input.add(new Option(`${rate} per second`, String(rate)));
    this.#speed.input.value = String(rate);
    if (this.#count === 0) this.pause();
    else if (this.#timer) this.play();
  }

  /** A new path has come: it plays at once, unless the user wants no motion. */
  begin(): void {
    this.#steps = 0;
    this.update();
    if (this.#count > 1 && !prefersReducedMotion()) this.play();
  }

  get playing(): boolean {
    return this.#timer !== undefined;
  }

  showFrame(frame: number): void {
    this.#steps = frame;
    this.#showStep();
  }

  /** Stops at the frame that is shown, if one is. */
  rest(): void {
    this.pause();
    clearTimeout(this.#scrubbed);
    this.#scrubbed = undefined;
    if (this.#frame !== undefined) this.#place.rested(this.#frame);
  }

  get #packed() {
    const model = this.#model;
    return {
      frames: model.read("frames"),
      frameCount: this.#count,
      frameLow: model.read("frameLow"),
      frameHigh: model.read("frameHigh"),
    };
  }

  #showStep(): void {
    const frame = frameAfter(this.#steps, this.#count, this.#model.read("backAndForth"));
    this.#frame = frame;
    this.#scrub.show(frame);
    this.#place.show(unpackedFrame(this.#packed, frame), frame);
  }

  /** Stops, since something else is shown. */
  giveWay(): void {
    this.pause();
    clearTimeout(this.#scrubbed);
    this.#frame = undefined;
  }

  play(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#steps++;
      this.#showStep();
    }, 1000 / this.#model.read("framesPerSecond"));
    this.#showStep();
    this.#play.textContent = "Pause";
    this.#play.setAttribute("aria-label", "Pause the path");
    this.#play.title = "Pause the path";
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#play.textContent = "Play";
    this.#play.setAttribute("aria-label", "Play the path");
    this.#play.title = "Play the path";
  }

  /** Shows one round of the path and records it. */
  async record(): Promise<void> {
    const picture = this.#place.picture();
    if (!picture || this.#recording) return;
    // The view's own canvas is transparent where nothing is drawn
    const canvas = element("canvas");
    const context = canvas.getContext("2d");
    const type = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"].find(
      (one) => typeof MediaRecorder !== "undefined" && MediaRecorder.isTypeSupported(one),
    );
    if (!type || !context || typeof canvas.captureStream !== "function") {
      this.#place.say(
        "This browser cannot record movies (it has no WebM recorder); the path can be saved as PDB.",
      );
      return;
    }
    this.pause();
    this.#recording = true;
    this.#movie.disabled = true;
    canvas.width = picture.canvas.width;
    canvas.height = picture.canvas.height;
    context.fillStyle = picture.background;
    // Frames are taken when they are drawn, each held for as long as it is shown
    const stream = canvas.captureStream(0);
    const [track] = stream.getVideoTracks() as CanvasCaptureMediaStreamTrack[];
    const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 12_000_000 });
    const pieces: Blob[] = [];
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    const bytes = () => pieces.reduce((sum, { size }) => sum + size, 0);
    const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    try {
      recorder.start();
      const round = stepsOfRound(this.#count, this.#model.read("backAndForth"));
      for (this.#steps = 0; this.#steps < round; this.#steps++) {
        const due = performance.now() + 1000 / this.#model.read("framesPerSecond");
        this.#showStep();
        await this.#place.drawn();
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(picture.canvas, 0, 0, canvas.width, canvas.height);
        track?.requestFrame();
        this.#place.say(`Recording: frame ${this.#steps + 1} of ${round}.`);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      }
      // On a busy machine the encoder lags behind: the last frame is held until something has come out of it
      for (let tries = 0; tries < ENCODER_TRIES && bytes() < EMPTY_MOVIE; tries++) {
        context.drawImage(canvas, 0, 0);
        track?.requestFrame();
        recorder.requestData();
        await new Promise((resolve) => setTimeout(resolve, ENCODER_WAIT));
      }
      recorder.stop();
      await ended;
      if (bytes() < EMPTY_MOVIE) {
        this.#place.say("The browser recorded no frame, so no movie is saved; the path can be saved as PDB.");
      } else {
        this.#place.saveMovie(new Blob(pieces, { type: "video/webm" }));
        this.#place.say("The movie is saved.");
      }
      this.rest();
    } finally {
      if (recorder.state !== "inactive") recorder.stop();
      for (const one of stream.getTracks()) one.stop();
      this.#recording = false;
      this.#movie.disabled = false;
    }
  }

  dispose(): void {
    this.giveWay();
  }
}
