// Randomness for keys, tokens and ids.
import { randomBytes } from 'node:crypto';

import type { Rng } from '../shared/rng.ts';

export const strongRng: Rng = { bytes: (count) => new Uint8Array(randomBytes(count)) };
