/**
 * Keeps the keys that are meant for a view from the shortcuts of the notebook around it: arrows that move something, digits
 * that are typed. Those with Ctrl, Alt or Cmd stay JupyterLab's, but in a text field.
 */
export function keepKeys(view: HTMLElement, until: AbortSignal): void {
  view.toggleAttribute("data-lm-suppress-shortcuts", true);
  // JupyterLab looks for the mark as the event passes the document, just after the window
  const mark = (event: KeyboardEvent) => {
    const { target } = event;
    if (!(target instanceof HTMLElement && view.contains(target))) return;
    const command = (event.ctrlKey || event.metaKey || event.altKey) && !target.matches(":read-write");
    view.toggleAttribute("data-lm-suppress-shortcuts", !command);
  };
  window.addEventListener("keydown", mark, { capture: true, signal: until });
}
