import { LabIcon } from "@jupyterlab/ui-components";

/** Icon of the explorer: points of a latent space, one of them ringed. */
export const exploreIcon = new LabIcon({
  name: "e2gmm:explore",
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161">' +
    '<circle cx="5" cy="17" r="2"/><circle cx="9" cy="11" r="2"/><circle cx="10" cy="19" r="2"/><circle cx="19" cy="16" r="2"/>' +
    '<path d="M15 3a5 5 0 1 0 0 10 5 5 0 0 0 0-10zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6z"/></g></svg>',
});
