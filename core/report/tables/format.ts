/** The formats of a report. */
export const formats = ["text", "markdown", "csv", "latex"] as const;
/** A format of a report. */
export type Format = typeof formats[number];
