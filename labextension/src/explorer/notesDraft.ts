/** Milliseconds without a key after which notes are kept. */
const pause = 800;

/** Notes that are being typed, and whether they are shown. */
export class NotesDraft {
  private open: boolean | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private typed: string | undefined;

  /**
   * @param kept the notes that are kept
   * @param keep keeps others
   */
  constructor(
    private readonly kept: () => string,
    private readonly keep: (text: string) => void,
  ) {}

  /** Whether the notes are shown: by choice, else if there are any. */
  get isShown(): boolean {
    return this.open ?? this.kept() !== "";
  }

  /** Shows or hides the notes. */
  toggle(): void {
    this.open = !this.isShown;
  }

  /** Keeps notes when the user pauses. */
  type(text: string): void {
    this.typed = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.leave(), pause);
  }

  /** Keeps notes that were typed. */
  leave(): void {
    clearTimeout(this.timer);
    const text = this.typed;
    this.typed = undefined;
    if (text !== undefined && text !== this.kept()) this.keep(text);
  }
}
