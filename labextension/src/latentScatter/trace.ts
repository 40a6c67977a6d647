/** A trace as plotly.js takes it. */
export type Trace = Record<string, unknown>;
