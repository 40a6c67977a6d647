/** The package in which the front end finds the views of these widgets. */
export const widgetModule = "e2gmm-labextension";
/** Its version. */
export const widgetModuleVersion = "0.2.0";
