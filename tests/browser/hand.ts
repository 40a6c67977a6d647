import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { artefacts } from "./lab";

/** One step of a task that was done by hand. */
export interface HandStep {
  name: string;
  clicks: number;
  /** Seconds from the first press of the step to what it shows, without those that the computer worked for it. */
  page: number;
  /** Seconds that a job or a computation took for it. */
  computing: number;
}

/** Uses a page with the mouse alone: moves, presses, and turns of the wheel. It counts its clicks and keeps the time. */
export class Hand {
  readonly steps: HandStep[] = [];
  private clicks = 0;
  private computing = 0;

  /** @param series begin of the pictures' names */
  constructor(
    private readonly page: Page,
    private readonly series: string,
  ) {}

  /** One step, with a picture at its end. */
  async step(name: string, act: () => Promise<void>): Promise<void> {
    this.clicks = 0;
    this.computing = 0;
    const began = performance.now();
    await act();
    const seconds = (performance.now() - began) / 1000;
    this.steps.push({
      name,
      clicks: this.clicks,
      page: seconds - this.computing,
      computing: this.computing,
    });
    mkdirSync(artefacts, { recursive: true });
    const number = String(this.steps.length).padStart(2, "0");
    await this.page.screenshot({ path: path.join(artefacts, `${this.series}-${number}.png`) });
  }

  /** Waits for what the computer works on, which does not count as time of the page. */
  async wait(work: Promise<unknown>): Promise<void> {
    const began = performance.now();
    await work;
    this.computing += (performance.now() - began) / 1000;
  }

  /** Presses what is shown, once. */
  async click(target: Locator): Promise<void> {
    await this.scrollTo(target);
    await target.click();
    this.clicks++;
  }

  /** Presses it twice, which counts as one. */
  async doubleClick(target: Locator): Promise<void> {
    await this.scrollTo(target);
    await target.dblclick();
    this.clicks++;
  }

  /** Drags a place of an element by pixels. */
  async drag(target: Locator, by: { x: number; y: number }): Promise<void> {
    await this.scrollTo(target);
    const box = (await target.boundingBox())!;
    const { mouse } = this.page;
    const from = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(from.x + by.x, from.y + by.y, { steps: 8 });
    await mouse.up();
    this.clicks++;
  }

  /** Turns the wheel over what scrolls the element until it is in view. */
  async scrollTo(target: Locator): Promise<void> {
    await target.waitFor();
    for (let turns = 0; turns < 60; turns++) {
      const turn = await target.evaluate((element) => {
        const own = element.getBoundingClientRect();
        let around = element.parentElement;
        while (around) {
          const { overflowY } = getComputedStyle(around);
          const scrolls = /auto|scroll/.test(overflowY) && around.scrollHeight > around.clientHeight + 1;
          const box = around.getBoundingClientRect();
          const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
          if (scrolls && (own.top < top || own.bottom > bottom)) {
            const middle = { x: box.left + box.width - 30, y: (top + bottom) / 2 };
            const distance = own.top < top ? own.top - top - 40 : own.bottom - bottom + 40;
            return { ...middle, distance };
          }
          around = around.parentElement;
        }
        return undefined;
      });
      if (!turn) return;
      await this.page.mouse.move(turn.x, turn.y);
      await this.page.mouse.wheel(0, turn.distance);
      await this.page.waitForTimeout(60);
    }
    throw new Error(`${target} cannot be scrolled into view with the wheel`);
  }
}
