import { InputError } from "../../errors";
import type { CheckedInputs, CheckedRing, Finding, FindingStatus } from "./checkedInputs";

const order: readonly FindingStatus[] = ["ok", "warning", "error"];

/** Collects what was found. */
export class Findings {
  private readonly list: Finding[] = [];

  /** Adds a finding. */
  add(topic: string, status: FindingStatus, sentence: string): void {
    this.list.push({ topic, status, sentence });
  }

  /** Whether there is an error. */
  get hasError(): boolean {
    return this.list.some(({ status }) => status === "error");
  }

  /** The result of some work; undefined if its input is wrong, which becomes an error. @throws StoppedError and others */
  async attempt<T>(topic: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.add(topic, "error", error.message);
      return undefined;
    }
  }

  /** All findings. */
  result(rings: CheckedRing[] = []): CheckedInputs {
    const worst = Math.max(0, ...this.list.map(({ status }) => order.indexOf(status)));
    return { status: order[worst]!, findings: this.list, rings };
  }
}
