/** Figures that other tools note beside a conversation. What is impossible counts as not noted: no trajectory is worth less for it. */
import { z } from 'zod';

/** Of tokens. */
export const tokenCount = z.number().int().nonnegative().nullish().catch(null);

/** Of dollars or seconds. */
export const amount = z.number().nonnegative().nullish().catch(null);
