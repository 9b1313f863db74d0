// Colour, used sparingly: it repeats what the words say and never says something alone.
export const tones = ['plain', 'dim', 'bold', 'good', 'bad', 'warn', 'busy'] as const;
export type Tone = (typeof tones)[number];
export type Paint = (text: string, tone: Tone) => string;

// SGR codes, ECMA-48 §8.3.117.
const codes: Readonly<Record<Tone, readonly [number, number] | undefined>> = {
  plain: undefined,
  dim: [2, 22],
  bold: [1, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  busy: [36, 39],
};

export const unpainted: Paint = (text) => text;

export const painted: Paint = (text, tone) => {
  const code = codes[tone];
  return code === undefined || text === '' ? text : `\u001b[${code[0]}m${text}\u001b[${code[1]}m`;
};

const tonesByState: Readonly<Record<string, Tone>> = {
  SPARE: 'good',
  BAREMETAL: 'good',
  QUARANTINED: 'bad',
  INSPECTING: 'busy',
  RESERVED: 'busy',
  PROVISIONING: 'busy',
  RELEASING: 'busy',
  RETIRING: 'busy',
  RETIRED: 'dim',
  ORDERED: 'dim',
  ok: 'good',
  online: 'good',
  done: 'good',
  executed: 'good',
  succeeded: 'good',
  degraded: 'warn',
  offline: 'warn',
  open: 'warn',
  approved: 'busy',
  filed: 'warn',
  running: 'busy',
  failed: 'bad',
  refused: 'bad',
  rejected: 'bad',
  unknown: 'dim',
  withdrawn: 'dim',
  expired: 'dim',
  cancelled: 'dim',
};

/** The tone of a state of any noun. */
export function toneOf(state: string): Tone {
  return tonesByState[state] ?? 'plain';
}
