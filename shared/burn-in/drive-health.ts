// A drive's own word: error counters and self-tests, each kind of drive judged from its own fields. Input is the JSON of
// smartctl 7.3 (`-j -a`) and nvme-cli 2.3 (`self-test-log -o json`), parsed or not at all. Pure.
import type { Judgement } from './judge.ts';

/** Name → count; a counter the drive does not have is absent. */
export type DriveCounters = Readonly<Record<string, number>>;

/** Those that must not grow: each stands for data that was lost or nearly so. */
const fatalCounters = [
  'media errors',
  'uncorrectable errors',
  'pending sectors',
  'offline uncorrectable sectors',
  'reallocated sectors',
  'uncorrected read errors',
  'uncorrected write errors',
  'grown defects',
] as const;
/** Those that may grow for other reasons: a cable, a host that asks for what the drive lacks. */
const notedCounters = ['error log entries', 'interface CRC errors', 'command timeouts'] as const;

const ataAttributes: Readonly<Record<number, string>> = {
  5: 'reallocated sectors',
  187: 'uncorrectable errors',
  188: 'command timeouts',
  197: 'pending sectors',
  198: 'offline uncorrectable sectors',
  199: 'interface CRC errors',
};

/** Undefined where the answer is none of a drive's. */
export function driveCounters(report: unknown): DriveCounters | undefined {
  const counters: Record<string, number> = {};
  const put = (name: string, value: unknown): void => {
    if (typeof value === 'number') counters[name] = value;
  };
  const nvme = member(report, 'nvme_smart_health_information_log');
  put('media errors', member(nvme, 'media_errors'));
  put('error log entries', member(nvme, 'num_err_log_entries'));
  for (const row of list(member(report, 'ata_smart_attributes', 'table'))) {
    const id = member(row, 'id');
    const name = typeof id === 'number' ? ataAttributes[id] : undefined;
    // 188 holds three counters of 16 bits; its lowest is the number of time-outs.
    const raw = member(row, 'raw', 'value');
    if (name !== undefined) put(name, typeof raw === 'number' && id === 188 ? raw % 65_536 : raw);
  }
  put('uncorrected read errors', member(report, 'scsi_error_counter_log', 'read', 'total_uncorrected_errors'));
  put('uncorrected write errors', member(report, 'scsi_error_counter_log', 'write', 'total_uncorrected_errors'));
  put('grown defects', member(report, 'scsi_grown_defect_list'));
  return Object.keys(counters).length === 0 ? undefined : counters;
}

/** What grew between two readings of one drive. */
export function judgeDriveCounters(
  disk: string,
  before: DriveCounters | undefined,
  after: DriveCounters | undefined,
): Judgement {
  if (before === undefined || after === undefined)
    return { outcome: 'unverifiable', sentence: `${disk}: it reports no error counters` };
  const grown = (names: readonly string[]): string[] =>
    names.flatMap((name) => {
      const by = (after[name] ?? 0) - (before[name] ?? 0);
      return by > 0 ? [`${by} more ${name}`] : [];
    });
  const fatal = grown(fatalCounters);
  const noted = grown(notedCounters);
  if (fatal.length > 0) return { outcome: 'failed', sentence: `${disk}: ${fatal.join(', ')} under load; replace it` };
  const note = noted.length === 0 ? 'its error counters did not grow' : `${noted.join(', ')}; watch it`;
  return { outcome: 'passed', sentence: `${disk}: ${note}` };
}

/** What a drive says of its latest self-test. `at` tells one test from another of the same kind. */
export type SelfTestState =
  | { readonly kind: 'running'; readonly percent: number | undefined }
  | { readonly kind: 'ended'; readonly judgement: 'passed' | 'failed' | 'aborted'; readonly words: string }
  | { readonly kind: 'none'; readonly why: string };

/** ATA: `ata_smart_data.self_test.status` (ACS-4 §9.6: high nibble result, low nibble tenths remaining). */
function ataSelfTest(report: unknown): SelfTestState | undefined {
  const value = member(report, 'ata_smart_data', 'self_test', 'status', 'value');
  if (typeof value !== 'number') return undefined;
  const words = text(member(report, 'ata_smart_data', 'self_test', 'status', 'string'));
  const code = value >> 4;
  if (code === 15) return { kind: 'running', percent: 100 - (value & 0x0f) * 10 };
  if (code === 0) return { kind: 'ended', judgement: 'passed', words };
  return { kind: 'ended', judgement: code <= 2 ? 'aborted' : 'failed', words };
}

/** SCSI: the newest entry of the self-test results log (SPC-5 §7.3.16), `scsi_self_test_0`. */
function scsiSelfTest(report: unknown): SelfTestState | undefined {
  const latest = member(report, 'scsi_self_test_0');
  const value = member(latest, 'result', 'value');
  if (typeof value !== 'number') return undefined;
  const words = text(member(latest, 'result', 'string'));
  if (value === 15) return { kind: 'running', percent: undefined };
  if (value === 0) return { kind: 'ended', judgement: 'passed', words };
  return { kind: 'ended', judgement: value <= 2 ? 'aborted' : 'failed', words };
}

/** NVMe: the Device Self-test log (NVM Express 2.0 §5.16.1.7) as nvme-cli tells it. */
function nvmeSelfTest(log: unknown): SelfTestState | undefined {
  const operation = member(log, 'Current Device Self-Test Operation');
  if (typeof operation !== 'number') return undefined;
  const percent = member(log, 'Current Device Self-Test Completion');
  if (operation !== 0) return { kind: 'running', percent: typeof percent === 'number' ? percent : undefined };
  const result = member(list(member(log, 'List of Valid Reports'))[0], 'Self test result');
  if (typeof result !== 'number' || result === 15) return { kind: 'none', why: 'its log holds no self-test' };
  if (result === 0) return { kind: 'ended', judgement: 'passed', words: 'completed without error' };
  const isFailure = result >= 5 && result <= 7;
  return { kind: 'ended', judgement: isFailure ? 'failed' : 'aborted', words: `result ${result}` };
}

/** From the answer of smartctl, or of nvme-cli for an NVMe drive. */
export function selfTestState(report: unknown): SelfTestState {
  return (
    nvmeSelfTest(report) ??
    ataSelfTest(report) ??
    scsiSelfTest(report) ?? { kind: 'none', why: 'it reports no self-test' }
  );
}

export function judgeSelfTest(disk: string, kind: 'short' | 'long', state: SelfTestState): Judgement {
  switch (state.kind) {
    case 'none':
      return { outcome: 'unverifiable', sentence: `${disk}: ${state.why}` };
    case 'running':
      return { outcome: 'unverifiable', sentence: `${disk}: its ${kind} self-test did not end in time` };
    case 'ended':
      break;
  }
  const words = state.words === '' ? '' : ` (${state.words.slice(0, 120)})`;
  if (state.judgement === 'passed') return { outcome: 'passed', sentence: `${disk}: its ${kind} self-test passed` };
  if (state.judgement === 'failed')
    return { outcome: 'failed', sentence: `${disk}: its ${kind} self-test failed${words}; replace it` };
  return { outcome: 'unverifiable', sentence: `${disk}: its ${kind} self-test was broken off${words}` };
}

function member(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
