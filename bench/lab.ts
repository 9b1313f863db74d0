// placeholder
import type { Bench } from './figures.ts';
export const lab: Bench = { summary: '', usage: '', run: () => Promise.reject(new Error('not yet')) };
