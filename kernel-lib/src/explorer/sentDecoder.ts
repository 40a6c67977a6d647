import { InputError } from "../errors";
import { packValues } from "../packedValues";
import { packDecoder } from "../training/runs/packedDecoder";
import type { ExplorerParts } from "./explorerParts";
import type { DecoderAnswer, DecoderRequest } from "./explorerState";
import { maxMessageBytes } from "./gaussianViewer/frames";
import { networksModule } from "./page/networksModule";

/** Bytes up to which the decoder is part of the state, and is saved with the notebook, where it takes a third more. */
const maxSavedBytes = 4_000_000;

/** Sends the decoder of the explored run to pages that ask for it, which then decode without the kernel. */
export class SentDecoder {
  private packed: Uint8Array | undefined;

  /** @param send sends a message to all pages */
  constructor(
    private readonly parts: Pick<ExplorerParts, "page" | "explored">,
    private readonly send: (content: object, buffers?: readonly Uint8Array[]) => void,
  ) {
    const { page, explored } = parts;
    explored.onRun(() => {
      this.packed = undefined;
      page.set({ decoder: new Uint8Array(), decoderNumber: page.get("decoderNumber") + 1 });
    });
  }

  /** Answers a request for the decoder. @returns whether it was one */
  answer(content: unknown): boolean {
    const { kind, id, part } = content as Partial<DecoderRequest> & { id: string };
    if (kind !== "decoder") return false;
    try {
      const bytes = this.bytes();
      const { page } = this.parts;
      const number = page.get("decoderNumber");
      const parts = bytes.length <= maxSavedBytes ? 0 : Math.ceil(bytes.length / maxMessageBytes);
      const answer: DecoderAnswer = { kind: "answer", id, parts, number };
      if (parts === 0) {
        if (page.get("decoder").length === 0) page.set({ decoder: bytes });
        this.send(answer);
        return true;
      }
      if (!Number.isInteger(part) || part! < 0 || part! >= parts) {
        throw new InputError("part", `an integer from 0 to ${parts - 1}`, String(part));
      }
      this.send(answer, [bytes.subarray(part! * maxMessageBytes, (part! + 1) * maxMessageBytes)]);
    } catch (error) {
      this.send({ kind: "problem", id, text: (error as Error).message });
    }
    return true;
  }

  private bytes(): Uint8Array {
    if (!this.packed) {
      const { decoder } = this.parts.explored.requireRun("decoder");
      this.packed = packValues({ decoder: packDecoder(decoder), networks: networksModule() });
    }
    return this.packed;
  }
}
