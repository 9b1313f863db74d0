// Judgements of a burn-in: what was counted and measured, against fixed thresholds. Pure. A sentence names the part.
import type { Figures } from './figures.ts';
import type { BurnInOutcome } from './outcome.ts';

export type Judgement = { readonly outcome: BurnInOutcome; readonly sentence: string };

export const thresholds = {
  /** Throttle events during a test. */
  throttleCountMax: 0,
  /** Longest time below the base clock under load, seconds. */
  belowBaseSecondsMax: 5,
  /** Corrected errors of one DIMM per hour; a run shorter than an hour may have as many as a whole one. */
  correctedPerHourMax: 10,
  /** Probes or packets lost, percent; one lost probe of a short test is not yet a loss. */
  lossPercentMax: 0.5,
  lostProbesMax: 1,
} as const;

const failed = (sentence: string): Judgement => ({ outcome: 'failed', sentence });
const passed = (sentence: string): Judgement => ({ outcome: 'passed', sentence });
const unverifiable = (sentence: string): Judgement => ({ outcome: 'unverifiable', sentence });

/** How a program that checks its own results ended. */
export type LoadEnd = {
  /** Results that were wrong. */
  readonly verifyErrors: number;
  /** Undefined where it ran through; otherwise why it did not. */
  readonly failure: string | undefined;
};

export type ProcessorFacts = LoadEnd & {
  readonly cores: number;
  readonly seconds: number;
  /** Undefined where this machine counts none. */
  readonly throttleCount: number | undefined;
  /** Longest time below the base clock; undefined where the base clock is not known. */
  readonly belowBaseSeconds: number | undefined;
  readonly temperatureMaxCelsius: number | undefined;
};

export function judgeProcessor(facts: ProcessorFacts): Judgement {
  const heat =
    facts.temperatureMaxCelsius === undefined ? '' : `, at most ${facts.temperatureMaxCelsius.toFixed(0)} °C`;
  if (facts.verifyErrors > 0) return failed(`processor: ${facts.verifyErrors} results were wrong${heat}`);
  if (facts.failure !== undefined) return unverifiable(`processor: the test did not run through: ${facts.failure}`);
  if ((facts.throttleCount ?? 0) > thresholds.throttleCountMax)
    return failed(`processor: throttled ${facts.throttleCount} times${heat}: check fans, heat sinks and inlet air`);
  if ((facts.belowBaseSeconds ?? 0) > thresholds.belowBaseSecondsMax)
    return failed(
      `processor: ran below its base clock for ${facts.belowBaseSeconds} s${heat}: check power and cooling`,
    );
  const watched = facts.throttleCount === undefined ? 'throttling cannot be seen here' : 'no throttling';
  return passed(`processor: ${facts.cores} cores for ${facts.seconds} s, every result right, ${watched}${heat}`);
}

export function judgeMemory(facts: LoadEnd & { readonly text: string }): Judgement {
  if (facts.verifyErrors > 0) return failed(`memory: ${facts.verifyErrors} places read back other than written`);
  if (facts.failure !== undefined) return unverifiable(`memory: the test did not run through: ${facts.failure}`);
  return passed(`memory: ${facts.text}`);
}

/** Errors the memory controller counted (EDAC) for one DIMM, or for a controller that does not say which. */
export type MemoryErrors = { readonly corrected: number; readonly uncorrected: number };

export function judgeMemoryErrors(part: string, errors: MemoryErrors, hours: number): Judgement {
  const allowed = thresholds.correctedPerHourMax * Math.max(1, hours);
  if (errors.uncorrected > 0) return failed(`${part}: ${errors.uncorrected} uncorrected memory errors; replace it`);
  if (errors.corrected > allowed)
    return failed(`${part}: ${errors.corrected} corrected memory errors in ${hours.toFixed(1)} h; replace it`);
  if (errors.corrected > 0) return passed(`${part}: ${errors.corrected} corrected memory errors; watch it`);
  return passed(`${part}: no memory errors`);
}

export type DiskTransfer = LoadEnd & {
  readonly disk: string;
  /** `read` or `written and read back`. */
  readonly done: string;
  /** What it came to, for people. */
  readonly amount: string;
};

export function judgeDiskTransfer(facts: DiskTransfer): Judgement {
  if (facts.verifyErrors > 0)
    return failed(`${facts.disk}: ${facts.verifyErrors} blocks read back other than written; replace it`);
  if (facts.failure !== undefined) return failed(`${facts.disk}: ${facts.failure}`);
  return passed(`${facts.disk}: ${facts.amount} ${facts.done}, no errors`);
}

export type LossFacts = {
  readonly to: string;
  readonly sent: number;
  readonly lost: number;
  readonly roundTripMs: number | undefined;
};

export function judgeLoss({ to, sent, lost, roundTripMs }: LossFacts): Judgement {
  if (sent === 0) return unverifiable(`network: no probe was sent to ${to}`);
  if (lost === sent)
    return failed(`network: none of ${sent} probes to ${to} was answered: check cable, VLAN and route`);
  const percent = (lost / sent) * 100;
  const took = roundTripMs === undefined ? '' : `, ${roundTripMs.toFixed(1)} ms each`;
  if (lost > thresholds.lostProbesMax && percent > thresholds.lossPercentMax)
    return failed(`network: ${lost} of ${sent} probes to ${to} were lost (${percent.toFixed(1)} %): check the cable`);
  return passed(`network: ${sent} probes to ${to}, ${lost} lost${took}`);
}

/** Errors a port counted during the run. */
export function judgePort(port: string, errors: Figures): Judgement {
  const grown = Object.entries(errors).filter(([, count]) => count > 0);
  if (grown.length === 0) return passed(`port ${port}: no errors`);
  const list = grown.map(([name, count]) => `${count} ${name}`).join(', ');
  return failed(`port ${port}: ${list} during the run: check cable and transceiver`);
}
