// Burn-in profiles: which tests run, for how long and how hard. Tables only; the agent knows how to run a test by name.
export const burnInProfileNames = ['intake', 'standard', 'soak'] as const;
export type BurnInProfileName = (typeof burnInProfileNames)[number];

export const burnInTestNames = [
  'cpu',
  'memory',
  'memory-bandwidth',
  'disk-read',
  'disk-write',
  'smart-self-test',
  'network',
  'counters',
] as const;
export type BurnInTestName = (typeof burnInTestNames)[number];

export type BurnInTest = {
  readonly name: BurnInTestName;
  /** How long it runs; for `smart-self-test` how long a drive is waited for at most, since only the drive knows. */
  readonly seconds: number;
  /**
   * `cpu`: share of the cores. `memory`: share of the memory that is available. `disk-read`: share of the time that reads
   * run one after the other, the rest being random. `smart-self-test`: below 1 the short one, 1 the long one.
   */
  readonly intensity: number;
  /** Destroys what is on the disks it runs on: only disks that the command lists and that prove blank. */
  readonly writesDisks: boolean;
  /** Runs programs of the tool image. */
  readonly needsTools: boolean;
  /** Measures against another machine where the command names one, and against the controller where it does not. */
  readonly usesPeer: boolean;
  /** `every` round, or only the `last` one. */
  readonly rounds: 'every' | 'last';
};

export type BurnInProfile = { readonly rounds: number; readonly tests: readonly BurnInTest[] };

const test = (name: BurnInTestName, seconds: number, change: Partial<BurnInTest> = {}): BurnInTest => ({
  name,
  seconds,
  intensity: 1,
  writesDisks: false,
  needsTools: false,
  usesPeer: false,
  rounds: 'every',
  ...change,
});
const tools = { needsTools: true } as const;
const last = { rounds: 'last' } as const;

export const burnInProfiles: Readonly<Record<BurnInProfileName, BurnInProfile>> = {
  /** Every boot: minutes, and nothing but what PIOUS has. */
  intake: {
    rounds: 1,
    tests: [
      test('cpu', 60),
      test('memory', 30, { intensity: 0.1 }),
      test('disk-read', 30, { intensity: 0.5 }),
      test('network', 20),
      test('counters', 1),
    ],
  },
  /** First delivery: an hour and a half. */
  standard: {
    rounds: 1,
    tests: [
      test('cpu', 1200, tools),
      test('memory', 1800, { ...tools, intensity: 0.85 }),
      test('memory-bandwidth', 60, tools),
      test('disk-read', 600, { ...tools, intensity: 0.75 }),
      test('disk-write', 120, { ...tools, writesDisks: true }),
      test('smart-self-test', 900, { ...tools, intensity: 0.5 }),
      test('network', 240, { ...tools, usesPeer: true }),
      test('counters', 1),
    ],
  },
  /** A day: the same again and again, then the long test of each drive. */
  soak: {
    rounds: 24,
    tests: [
      test('cpu', 1200, tools),
      test('memory', 1500, { ...tools, intensity: 0.85 }),
      test('memory-bandwidth', 60, tools),
      test('disk-read', 600, { ...tools, intensity: 0.75 }),
      test('disk-write', 120, { ...tools, writesDisks: true }),
      test('smart-self-test', 86_400, { ...tools, ...last }),
      test('network', 240, { ...tools, usesPeer: true, ...last }),
      test('counters', 1, last),
    ],
  },
};

/** A test with its turn and its time. */
export type PlannedTest = BurnInTest & { readonly round: number };

/** All turns in order. No test gets less than a second, however small the scale. */
export function plannedTests(name: BurnInProfileName, timeScale = 1): PlannedTest[] {
  const { rounds, tests } = burnInProfiles[name];
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    tests
      .filter((each) => each.rounds === 'every' || round === rounds)
      .map((each) => ({ ...each, round, seconds: Math.max(1, Math.round(each.seconds * timeScale)) })),
  );
}

/** Seconds of the whole plan; what a percentage of it is of. */
export function plannedSeconds(plan: readonly PlannedTest[]): number {
  return plan.reduce((sum, { seconds }) => sum + seconds, 0);
}
