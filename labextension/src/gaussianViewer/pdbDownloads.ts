import type { ViewerAnswer } from "e2gmm/messages/gaussianViewer";

/** A file that has arrived whole. */
export interface FinishedFile {
  name: string;
  content: Blob;
}

/** Puts together the PDB files that one view has requested; the kernel sends each in several messages. */
export class PdbDownloads {
  private readonly pieces = new Map<string, Uint8Array[]>();

  /** @param id of the request, which answers carry */
  begin(id: string): void {
    this.pieces.set(id, []);
  }

  /**
   * Takes an answer of the kernel.
   * @returns the file when it is complete, the kernel's message where it failed, else undefined
   */
  take(answer: ViewerAnswer, [buffer]: readonly DataView[]): FinishedFile | string | undefined {
    const pieces = this.pieces.get(answer.id);
    // Answers to other views of the same model arrive too
    if (!pieces) return undefined;
    if (answer.kind === "problem") {
      this.pieces.delete(answer.id);
      return answer.text;
    }
    if (!buffer) return undefined;
    pieces.push(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice());
    if (pieces.length < answer.parts) return undefined;
    this.pieces.delete(answer.id);
    return { name: answer.name, content: new Blob(pieces as BlobPart[], { type: "chemical/x-pdb" }) };
  }
}
