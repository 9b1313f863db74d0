// Sensors as `ipmitool -c sdr elist all` prints them. Its rows have three forms: `name,reading,unit,status` of a sensor with
// thresholds (`name,,,ns` where it gave none), `name,number,status,entity,states…` of one with states, and
// `name,reading,unit,status,entity,states…` of one with both. Pure.
import { factText } from './fact-text.ts';

export const sensorStatuses = ['ok', 'nc', 'cr', 'nr', 'ns'] as const;
export type Sensor = {
  readonly name: string;
  /** Null where the row does not show it. */
  readonly number: number | null;
  /** Against its thresholds: ok, non-critical, critical, non-recoverable; `ns` where it gave no reading. */
  readonly status: (typeof sensorStatuses)[number];
  readonly reading: number | null;
  readonly unit: string | null;
  /** `10.1`: what it belongs to (IPMI v2.0 §43.14), and which of them. */
  readonly entity: string | null;
  /** `Presence detected`, `Redundancy Lost`. */
  readonly states: readonly string[];
};

const sensorsMax = 1024;

export function sensorsOf(csv: string): Sensor[] {
  return csv
    .split('\n')
    .flatMap((line) => sensorOf(line) ?? [])
    .slice(0, sensorsMax);
}

function sensorOf(line: string): Sensor | undefined {
  const [label, ...cells] = line.split(',').map((cell) => cell.trim());
  const name = factText(label);
  const at = cells.findIndex((cell) => isStatus(cell));
  const status = sensorStatuses.find((one) => one === cells[at]);
  if (name === null || status === undefined || at > 2) return undefined;
  const [first = '', unit] = cells.slice(0, at);
  const number = at === 1 && /^[0-9a-f]{2}h$/i.test(first) ? Number.parseInt(first, 16) : null;
  return {
    name,
    // FRU and controller records stand in the list with the number 0.
    number: number === 0 ? null : number,
    status,
    reading: number === null && first !== '' && Number.isFinite(Number(first)) ? Number(first) : null,
    unit: factText(unit),
    entity: factText(cells[at + 1]),
    states: cells.slice(at + 2).filter((state) => state !== ''),
  };
}

function isStatus(cell: string): boolean {
  return sensorStatuses.some((status) => status === cell);
}
