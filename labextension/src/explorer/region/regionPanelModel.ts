import type { SetState } from "e2gmm/messages/explorer";
import type {
  RegionAction,
  RegionAnswer,
  RegionMotionReport,
  RegionParticles,
  RegionRound,
  RegionState,
} from "e2gmm/messages/region";
import { ViewModel } from "../../view.js";

/** What the panel needs of the explorer. */
export interface RegionLinks {
  /** Asks the kernel. Rejects with its message. */
  ask(action: RegionAction): Promise<RegionAnswer>;
  sets(): readonly SetState[];
  /** Number of particles that are selected in the scatter. */
  selected(): number;
  /** Names of the maps that the viewer has. */
  maps(): readonly string[];
  /** 1 for each Gaussian in the region; empty: there is none. */
  region(): ArrayLike<number>;
}

/** Fields of the panel, as typed. */
export interface RegionFields {
  mode: "add" | "subtract";
  bodies: string;
  file: string;
  distance: string;
  map: string;
  /** `all`, `selection`, or the id of a set after `set:`. */
  particles: string;
  name: string;
  softEdge: string;
  overwrite: boolean;
  mask: string;
  axes: RegionRound["axes"];
  latent: string;
  epochs: string;
  cpus: string;
  out: string;
}

/** Milliseconds without typing before the command is asked for. */
const planTime = 250;

/** The panel of the region: what adds to it, how far it moves, masks, and a second round. */
export class RegionPanelModel extends ViewModel {
  readonly fields: RegionFields = {
    ...{ mode: "add", bodies: "3", file: "", distance: "5", map: "", particles: "all", name: "region" },
    ...{ softEdge: "", overwrite: false, mask: "", axes: "fixed", latent: "", epochs: "", cpus: "", out: "" },
  };
  state: RegionState | undefined;
  private measured: { motion: RegionMotionReport; region: ArrayLike<number> } | undefined;
  /** The second round as a command and as a cell, or why there is none. */
  same: { command: string; cell: string } | { missing: string } = { missing: "Save a mask first." };
  message = "";
  problem = false;
  /** What is being done; empty: nothing. */
  busy = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private plans = 0;

  constructor(private readonly links: RegionLinks) {
    super();
  }

  get sets(): readonly SetState[] {
    return this.links.sets();
  }
  get selected(): number {
    return this.links.selected();
  }
  get maps(): readonly string[] {
    return this.links.maps();
  }

  /** How far the region moves; undefined once region or particles have changed. */
  get motion(): RegionMotionReport | undefined {
    return this.measured?.region === this.links.region() ? this.measured.motion : undefined;
  }

  /** What is in the region. */
  get summary(): string {
    const region = this.links.region();
    if (region.length === 0) return "Nothing is in the region yet.";
    const inside = Array.from(region).reduce((sum, flag) => sum + flag, 0);
    return `${inside.toLocaleString("en")} of ${region.length.toLocaleString("en")} Gaussians are in the region.`;
  }

  /** Learns what the kernel has, when the panel is opened. */
  open(): void {
    if (!this.state) void this.do({ act: "state" }, "");
  }

  /** Changes fields. */
  set(fields: Partial<RegionFields>): void {
    Object.assign(this.fields, fields);
    if (fields.particles !== undefined) this.measured = undefined;
    this.changed();
    this.planSoon();
  }

  findBodies(): Promise<boolean> {
    return this.do(
      { act: "bodies", count: numberOf(this.fields.bodies) ?? Number.NaN },
      "Looking for bodies…",
    );
  }
  addBody(body: number): Promise<boolean> {
    return this.do({ act: "body", body, mode: this.fields.mode });
  }
  readChains(): Promise<boolean> {
    const { file, distance } = this.fields;
    return this.do({ act: "chains", file, distance: numberOf(distance) ?? Number.NaN }, "Reading atoms…");
  }
  addChain(chain: string): Promise<boolean> {
    return this.do({ act: "chain", chain, mode: this.fields.mode });
  }
  addMap(): Promise<boolean> {
    const map = this.maps.includes(this.fields.map) ? this.fields.map : (this.maps[0] ?? "");
    return this.do({ act: "map", map, mode: this.fields.mode });
  }
  measure(): Promise<boolean> {
    this.measured = undefined;
    return this.do({ act: "motion", particles: this.particles }, "Decoding particles…");
  }

  /** Keeps the region as a mask, which the second round then has. */
  async save(): Promise<void> {
    const { name, softEdge, overwrite } = this.fields;
    const edge = numberOf(softEdge);
    const action = { act: "save", name, overwrite, ...(edge !== undefined && { softEdge: edge }) } as const;
    if (await this.do(action, "Writing the mask…")) this.set({ mask: name.trim(), overwrite: false });
  }
  restore(): Promise<boolean> {
    return this.do({ act: "restore", name: this.mask });
  }

  /** The mask that was chosen, or the first. */
  get mask(): string {
    const masks = this.state?.masks ?? [];
    return masks.includes(this.fields.mask) ? this.fields.mask : (masks[0] ?? "");
  }

  /** Whether a second round can be started. */
  get canTrain(): boolean {
    return this.busy === "" && !("missing" in this.same);
  }

  async train(): Promise<void> {
    if (!(await this.do({ act: "train", round: this.round() }, "Starting…"))) return;
    this.fields.out = nextName(this.fields.out || this.state?.out || "");
    this.planSoon();
  }

  /** Copies text to the clipboard. */
  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.say(`Copied the ${what}`);
    } catch {
      this.say(`The browser does not allow copying; mark the ${what} and press Ctrl+C`, true);
    }
  }

  /** The particles that are chosen; a set that is gone is all. */
  get particles(): RegionParticles {
    const { particles } = this.fields;
    if (particles === "selection") return "selection";
    const set = this.sets.find(({ id }) => particles === `set:${id}`);
    return set ? { set: set.id } : "all";
  }

  private round(): RegionRound {
    const { axes, out } = this.fields;
    const numbers = { latent: this.fields.latent, epochs: this.fields.epochs, cpus: this.fields.cpus };
    const given = Object.entries(numbers).flatMap(([name, text]) => {
      const value = numberOf(text);
      return value === undefined ? [] : [[name, value]];
    });
    return {
      ...{ mask: this.mask, axes, particles: this.particles, out: out || (this.state?.out ?? "") },
      ...Object.fromEntries(given),
    };
  }

  override dispose(): void {
    clearTimeout(this.timer);
    super.dispose();
  }

  private planSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.plan(), planTime);
  }

  private async plan(): Promise<void> {
    const number = ++this.plans;
    if (this.mask === "") {
      this.same = { missing: "Save a mask first." };
      this.changed();
      return;
    }
    try {
      const { same } = await this.links.ask({ act: "plan", round: this.round() });
      if (number === this.plans && same) this.same = same;
    } catch (error) {
      if (number === this.plans) this.same = { missing: (error as Error).message };
    }
    this.changed();
  }

  /** @returns whether it was done */
  private async do(action: RegionAction, busy = "…"): Promise<boolean> {
    this.busy = busy;
    this.say("");
    try {
      const { text = "", state, motion } = await this.links.ask(action);
      if (state) this.state = state;
      if (motion) this.measured = { motion, region: this.links.region() };
      this.say(text);
      this.planSoon();
      return true;
    } catch (error) {
      this.say((error as Error).message, true);
      return false;
    } finally {
      this.busy = "";
      this.changed();
    }
  }

  private say(text: string, problem = false): void {
    this.message = text;
    this.problem = problem;
    this.changed();
  }
}

/** A typed number; undefined for an empty field, NaN for other text, which the kernel refuses. */
function numberOf(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

/** The next name of a series: `run_round2`, `run_round3`. */
export function nextName(name: string): string {
  const [, stem = name, number] = /^(.*?)(\d+)$/.exec(name) ?? [];
  return number === undefined ? `${name}_2` : `${stem}${Number(number) + 1}`;
}
