/** Milliseconds without a key after which notes are kept. */
const pause = 800;

/** Notes that are being typed, and whether they are shown. */
export class NotesDraft {
  private open: boolean | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What was typed and is not yet sent, and the text that it was typed into. */
  private draft: { text: string; base: string } | undefined;
  /** What was sent, until other notes are kept than `before`. */
  private sent: { text: string; before: string } | undefined;

  /**
   * @param kept the notes that are kept
   * @param keep keeps others, which were typed into `base`; resolves to whether they are kept
   */
  constructor(
    private readonly kept: () => string,
    private readonly keep: (text: string, base: string) => Promise<boolean>,
  ) {}

  /** Whether the notes are shown: by choice, else if there are any. */
  get isShown(): boolean {
    return this.open ?? this.text !== "";
  }

  /** The notes as the field shows them: what is typed here, else what is kept. */
  get text(): string {
    if (this.draft) return this.draft.text;
    const kept = this.kept();
    // What was sent has arrived, or others were kept; if they are as before later, someone has made them so.
    if (this.sent?.before !== kept) this.sent = undefined;
    return this.sent?.text ?? kept;
  }

  /** Shows or hides the notes. */
  toggle(): void {
    this.open = !this.isShown;
  }

  /** Keeps notes when the user pauses. */
  type(text: string): void {
    this.draft = { text, base: this.draft?.base ?? this.text };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.leave(), pause);
  }

  /** Keeps notes that were typed. */
  leave(): void {
    clearTimeout(this.timer);
    const { draft } = this;
    this.draft = undefined;
    if (!draft || draft.text === draft.base) return;
    this.sent = { text: draft.text, before: this.kept() };
    void this.keep(draft.text, draft.base).then((isKept) => {
      // Still in the field, and sent again with what is typed next
      if (!isKept) this.draft = { text: this.draft?.text ?? draft.text, base: draft.base };
    });
  }
}
