/** Name and version under which the widgets' classes are known to the kernel; the version is the package's. */
export const widgetModule = "e2gmm-labextension";
export const widgetModuleVersion = "0.1.0";
