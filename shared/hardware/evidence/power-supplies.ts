// Power supplies: what the board controller's sensors say is there (`ipmitool -c sdr elist all`), with the EEPROM of each
// (FRU), and what the SMBIOS tables list. Firmware fills those tables carelessly, so sensors go first. Pure.
import { reported } from '../identity.ts';
import type { Psu } from '../inventory.ts';
import { factText } from './fact-text.ts';
import type { Fru } from './fru.ts';
import { sensorsOf, type Sensor } from './sdr.ts';

/** IPMI v2.0 §43.14: the entity id of power supplies. */
const powerSupplyEntity = 10;
const suppliesMax = 32;

export type NamedFru = { readonly name: string; readonly fru: Fru };

export function psusOf(sdr: string, frus: readonly NamedFru[], listed: readonly Psu[]): Psu[] {
  const sensed = sensedSupplies(sdr);
  if (sensed.length === 0) return listed.slice(0, suppliesMax).map((supply) => withFru(supply, frus));
  return sensed.map(({ instance, present, powered }) => {
    const slot = `PSU${instance}`;
    const own = listed.find((supply) => numberIn(supply.slot) === instance);
    if (!present) return { ...unknownSupply, slot: own?.slot ?? slot };
    return withFru({ ...unknownSupply, slot, ...own, present, powered, source: 'ipmi' }, frus);
  });
}

const unknownSupply: Omit<Psu, 'slot'> = {
  present: false, powered: null, watts: null, manufacturer: null, model: null, part: null, serial: null, source: 'ipmi',
}; // prettier-ignore

type Sensed = { readonly instance: number; readonly present: boolean; readonly powered: boolean | null };

/** What the state sensors of each supply say together; another sensor (power, temperature) tells no presence. */
function sensedSupplies(sdr: string): Sensed[] {
  const supplies = new Map<number, Sensed>();
  for (const sensor of sensorsOf(sdr)) {
    const sensed = stateOf(sensor);
    if (sensed === undefined) continue;
    const said = supplies.get(sensed.instance);
    if (said === undefined && supplies.size >= suppliesMax) continue;
    supplies.set(sensed.instance, {
      instance: sensed.instance,
      present: sensed.present || (said?.present ?? false),
      powered: sensed.powered === false ? false : (said?.powered ?? sensed.powered),
    });
  }
  return [...supplies.values()].toSorted((a, b) => a.instance - b.instance);
}

/** What one sensor of a power supply says by its states. */
function stateOf({ status, entity, states }: Sensor): Sensed | undefined {
  const [id, instance] = (entity ?? '').split('.').map(Number);
  const state = states.join(', ');
  if (id !== powerSupplyEntity || instance === undefined || !Number.isInteger(instance)) return undefined;
  if (!/presence detected|power supply|failure|absent|not present/i.test(state)) return undefined;
  const present = status !== 'ns' && /presence detected/i.test(state);
  const lost = /ac lost|input lost|input out-of-range/i.test(state);
  return { instance, present, powered: lost ? false : present ? true : null };
}

/** A FRU device is this supply's when it is named after one and has its number. */
function withFru(supply: Psu, frus: readonly NamedFru[]): Psu {
  const number = numberIn(supply.slot);
  const own = frus.find(({ name }) => /ps|pwr|power/i.test(name) && number !== undefined && numberIn(name) === number);
  if (own === undefined || !supply.present) return supply;
  const { product, board } = own.fru;
  const told = product === null ? { ...board, name: board?.product } : product;
  return {
    ...supply,
    manufacturer: reported(told.manufacturer) ?? supply.manufacturer,
    model: reported(told.name) ?? supply.model,
    part: reported(told.part) ?? supply.part,
    serial: reported(told.serial) ?? supply.serial,
    watts: supply.watts ?? wattsIn(reported(told.name)),
  };
}

/** Makers write the power into the name (`PWR SPLY,1400W,RDNT,DELTA`). */
function wattsIn(text: string | null): number | null {
  const match = /(?:^|[^0-9])(\d{3,4}) ?W(?![a-z])/i.exec(factText(text) ?? '');
  return match?.[1] === undefined ? null : Number(match[1]);
}

function numberIn(name: string): number | undefined {
  const last = name.match(/\d+/g)?.at(-1)?.slice(-2);
  return last === undefined ? undefined : Number(last);
}
