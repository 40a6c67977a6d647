/** Calls `changed` when JupyterLab switches its theme, until the signal is aborted. */
export function onThemeChange(changed: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"],
  });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

/**
 * Saves a file as a download of the browser.
 * @param content the file, or a URL of it
 * @param name of the file; characters that file systems do not allow are replaced
 */
export function download(content: Blob | string, name: string): void {
  const href = typeof content === "string" ? content : URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = href;
  link.download = name.replace(/[\\/:*?"<>|\p{Cc}]/gu, "_");
  link.click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
