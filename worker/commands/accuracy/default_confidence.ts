/** Defines the confidence that the tables are about. */

/** The default threshold: a stranger is accepted with a probability of 1 in 10,000. */
export const DEFAULT_CONFIDENCE = 0.7;
