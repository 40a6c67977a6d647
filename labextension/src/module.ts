/** Name of the module in which the kernel finds the widget classes. */
export const widgetModule = "e2gmm-labextension";
/** Version of the module, that of the package. */
export const widgetModuleVersion = "0.2.0";
