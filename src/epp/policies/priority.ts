/** Priority of requests of which nobody says how important they are. */
export const defaultPriority = 0;

/**
 * Priorities of the levels that InferenceModels name. InferenceObjectives have numbers of their own, so the levels are apart enough for one to go in between; what
 * is below 0 may be shed.
 */
export const levels = {
  Critical: 100,
  Standard: defaultPriority,
  Sheddable: -10,
  high: 100,
  medium: defaultPriority,
  low: -10,
} as const satisfies Readonly<Record<string, number>>;

/** How important an InferenceModel says that its model is. */
export type Level = keyof typeof levels;
