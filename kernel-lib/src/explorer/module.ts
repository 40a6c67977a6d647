/** Where the front end finds the classes of these widgets: name and version of the Lab extension's package. */
export const widgetModule = "e2gmm-labextension";
export const widgetModuleVersion = "0.1.0";
