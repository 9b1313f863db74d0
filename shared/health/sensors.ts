// Sensors of the board controller: readings against their thresholds, and the states of parts in ipmitool's words. Pure.
import type { Sensor } from '../hardware/evidence/sdr.ts';
import type { Psu } from '../hardware/inventory.ts';
import type { HealthState } from '../lifecycle/asset.ts';
import { sentence, type HealthFinding } from './finding.ts';

/** Cold-aisle air above this is the room's fault (ASHRAE TC 9.9, class A2 allows 35 °C). */
const inletCelsiusMax = 32;

const thresholds: Readonly<Partial<Record<Sensor['status'], readonly [HealthState, string]>>> = {
  nc: ['degraded', 'beyond its first threshold'],
  cr: ['failed', 'beyond its critical threshold'],
  nr: ['failed', 'beyond its last threshold'],
};

/** IPMI v2.0 §42.2 as ipmitool words it; the first that fits counts. What is in no row is no fault. */
const states: readonly (readonly [RegExp, HealthState])[] = [
  [/^(fully redundant|non-recoverable event|predictive failure deasserted)$/i, 'ok'],
  [/redundancy lost|insufficient resources$/i, 'failed'],
  [/redundancy degraded|^non-redundant: sufficient/i, 'degraded'],
  [/predictive failure|rebuild aborted|throttled|^config(uration)? error|^low$/i, 'degraded'],
  [/failure detected|drive fault|in failed array|thermal trip|^ierr$|^failed$|frb[123]|machine check exception/i, 'failed'],
  [/^uncorrectable|^transition to (critical|non-recoverable)|^power supply failure|ac lost|bus fatal/i, 'failed'],
  [/^correctable ecc|^transition to (non-critical|degraded|off line)|intrusion|in critical array/i, 'degraded'],
]; // prettier-ignore

export function sensorFindings(sensors: readonly Sensor[], psus: readonly Psu[]): HealthFinding[] {
  const readable = sensors.filter(({ status }) => status !== 'ns');
  if (sensors.length > 0 && readable.length === 0)
    return [
      {
        check: 'sensor',
        component: 'sensors',
        state: 'unknown',
        message: `None of the ${sensors.length} sensors gave a reading: reset the board controller (ipmitool mc reset cold).`,
      },
    ];
  const isTold = (sensor: Sensor): boolean => isInputLoss(sensor, psus);
  return readable.flatMap((sensor) => [
    ...thresholdFinding(sensor),
    ...inletFinding(sensor),
    ...sensor.states.flatMap((state) => (/ac lost|input lost/i.test(state) && isTold(sensor) ? [] : stateFinding(sensor, state))),
  ]); // prettier-ignore
}

function thresholdFinding(sensor: Sensor): HealthFinding[] {
  const [state, words] = thresholds[sensor.status] ?? [];
  if (state === undefined) return [];
  const message = `${sentence(sensor.name)}${readingText(sensor)} is ${words}: ${adviceOf(sensor)}.`;
  return [{ check: 'sensor', component: sensor.name, state, message }];
}

function inletFinding(sensor: Sensor): HealthFinding[] {
  const { name, unit, reading, status } = sensor;
  if (status !== 'ok' || unit !== 'degrees C' || reading === null || reading <= inletCelsiusMax) return [];
  if (!/inlet|ambient/i.test(name)) return [];
  const message = `${sentence(name)}: the air that goes in has ${reading} °C, more than ${inletCelsiusMax}: cool the aisle, close gaps in the rack.`;
  return [{ check: 'inlet', component: name, state: 'degraded', message }];
}

function stateFinding(sensor: Sensor, text: string): HealthFinding[] {
  const state = states.find(([pattern]) => pattern.test(text))?.[1] ?? 'ok';
  if (state === 'ok') return [];
  const message = `${sentence(sensor.name)}: ${text}: ${adviceOf(sensor)}.`;
  return [{ check: 'sensor', component: sensor.name, state, message }];
}

/** A supply without input is a finding of its own, with its slot. */
function isInputLoss({ entity }: Sensor, psus: readonly Psu[]): boolean {
  return entity !== null && entity.startsWith('10.') && psus.some(({ powered }) => powered === false);
}

function readingText({ reading, unit }: Sensor): string {
  return reading === null ? '' : ` (${reading}${unit === null ? '' : ` ${unit === 'degrees C' ? '°C' : unit}`})`;
}

function adviceOf({ name, unit, entity }: Sensor): string {
  if (unit === 'RPM' || /\bfan/i.test(name)) return 'replace the fan';
  if (unit === 'degrees C' || /temp/i.test(name)) return 'check the fans and the heat sink, and that nothing blocks the air';
  if (unit === 'Volts' && /bat/i.test(name)) return 'replace the battery';
  if (entity?.startsWith('10.') === true || /^(ps|psu|power supply|pwr)/i.test(name)) return 'check the power supply and its cord';
  if (/intrusion/i.test(name)) return 'close the chassis';
  return 'look at the part';
} // prettier-ignore
