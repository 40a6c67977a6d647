/**
 * Keeps keys that are pressed in a view from triggering the notebook's shortcuts. Combinations with Ctrl, Alt or Cmd still
 * reach JupyterLab, except from text fields.
 * @param until ends it
 */
export function keepKeys(view: HTMLElement, until: AbortSignal): void {
  view.toggleAttribute("data-lm-suppress-shortcuts", true);
  // JupyterLab reads the attribute when the event reaches the document, after the window
  const mark = (event: KeyboardEvent) => {
    const { target } = event;
    if (!(target instanceof HTMLElement && view.contains(target))) return;
    const command = (event.ctrlKey || event.metaKey || event.altKey) && !target.matches(":read-write");
    view.toggleAttribute("data-lm-suppress-shortcuts", !command);
  };
  window.addEventListener("keydown", mark, { capture: true, signal: until });
}
