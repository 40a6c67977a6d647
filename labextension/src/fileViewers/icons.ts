import { LabIcon } from "@jupyterlab/ui-components";

const svg = (body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">${body}</svg>`;

/** Icon of maps: a box. */
export const mapIcon = new LabIcon({
  name: "e2gmm:map",
  svgstr: svg(
    '<path class="jp-icon3" fill="#616161" d="M12 2 3 7v10l9 5 9-5V7zm0 2.3 6 3.3-6 3.4-6-3.4zM5 9.3l6 3.3v6.6l-6-3.4zm8 9.9v-6.6l6-3.3v6.5z"/>',
  ),
});

/** Icon of tables. */
export const tableIcon = new LabIcon({
  name: "e2gmm:star",
  svgstr: svg(
    '<path class="jp-icon3" fill="#616161" d="M3 4h18v16H3zm2 6v3h4v-3zm6 0v3h8v-3zm-6 5v3h4v-3zm6 0v3h8v-3z"/>',
  ),
});
