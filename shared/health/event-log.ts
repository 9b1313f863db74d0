// The board controller's event log: what was entered and not left since. Pure. Times are the board controller's own.
import { toRfc3339 } from '../clock.ts';
import { parseSel, openEvents, type SelEvent } from '../hardware/evidence/sel.ts';
import type { Sensor } from '../hardware/evidence/sdr.ts';
import { counted, type HealthFinding } from './finding.ts';

const findingsMax = 32;
const fullPercent = 90;

/** Sensor types that tell what happened once, not what a part is like now: they are never left (IPMI v2.0 table 42-3). */
const pastTypes: ReadonlySet<number> = new Set([0x11, 0x1d, 0x1e, 0x1f, 0x20, 0x23]);
const eventLogType = 0x10;

export function eventLogFindings(bytes: Uint8Array, sensors: readonly Sensor[]): HealthFinding[] {
  const { records, problems } = parseSel(bytes);
  const open = grouped(openEvents(records).filter(({ severity }) => severity !== 'info'));
  const findings = open.map((group) => eventFinding(group, sensors)).toSorted((a, b) => rank(b) - rank(a));
  const left = findings.length - findingsMax;
  const rest: HealthFinding[] =
    left <= 0 ? [] : [{ check: 'event-log', component: 'event log', state: 'degraded', message: `${counted(left, 'more event')} in the log: read it with ipmitool sel elist.` }];
  const unread = problems.map(
    (problem): HealthFinding => ({ check: 'event-log', component: 'event log', state: 'unknown', message: `The event log is not read whole: ${problem}.` }),
  );
  return [...findings.slice(0, findingsMax), ...rest, ...unread];
} // prettier-ignore

/** `ipmitool sel info`: how full the log is. */
export function logSpaceFindings(selInfo: string): HealthFinding[] {
  const used = /^Percent Used\s*:\s*(\d{1,3})\s*%/m.exec(selInfo)?.[1];
  if (used === undefined || Number(used) <= fullPercent) return [];
  const message = `The event log is ${used} % full and takes no more events soon: save it (ipmitool sel writeraw FILE), then clear it (ipmitool sel clear).`;
  return [{ check: 'event-log-space', component: 'event log', state: 'degraded', message }];
}

/** The same state of the same sensor may stand open several times, with another detail each: one finding. */
function grouped(events: readonly SelEvent[]): SelEvent[][] {
  const groups = new Map<string, SelEvent[]>();
  for (const event of events) {
    const key = `${event.sensorNumber} ${event.text}`;
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()];
}

function eventFinding(events: readonly SelEvent[], sensors: readonly Sensor[]): HealthFinding {
  const last = events.at(-1);
  const { sensorType = 0, sensorNumber = 0, text = '', severity = 'warning' } = last ?? {};
  const number = `${sensorNumber.toString(16).padStart(2, '0').toUpperCase()}h`;
  const name = sensors.find((sensor) => sensor.number === sensorNumber)?.name;
  const component = name ?? `sensor ${number}`;
  const isPast = pastTypes.has(sensorType);
  const state = severity === 'critical' && !isPast ? 'failed' : 'degraded';
  const times = events.length === 1 ? '' : ` (${events.length} times)`;
  const advice =
    sensorType === eventLogType
      ? 'save the log (ipmitool sel writeraw FILE), then clear it (ipmitool sel clear)'
      : isPast
        ? 'find out why, then clear the log (ipmitool sel clear)'
        : 'mend it, then clear the log (ipmitool sel clear)';
  const title = name === undefined ? `Sensor ${number}` : `${name} (sensor ${number})`;
  const message = `${title}: ${text}${times}, ${last === undefined ? '' : timeText(last)}, and not left since: ${advice}.`;
  return { check: 'event-log', component, state, message };
}

function timeText({ atMs, beforeClock }: SelEvent): string {
  if (atMs === null) return beforeClock ? 'before the board controller had a clock' : 'at an unknown time';
  return `${toRfc3339(atMs).slice(0, 19).replace('T', ' ')} by the board controller's clock`;
}

function rank({ state }: HealthFinding): number {
  return state === 'failed' ? 1 : 0;
}
