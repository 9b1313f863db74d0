// The board controller: its own inventory of the machine (FRU 0), its firmware and its network port, as `ipmitool` prints
// them. Pure.
import { Type, type Static } from 'typebox';

import { macKey, reported } from '../identity.ts';
import type { Bmc, FruIdentity } from '../inventory.ts';
import { factText } from './fact-text.ts';
import { parseFru } from './fru.ts';

/** Texts of `ipmitool mc info`, `lan print`, per channel, and `sel info`; the clocks of both sides. */
export const BmcEvidence = Type.Object({
  mcInfo: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  lan: Type.Optional(Type.Record(Type.String(), Type.String())),
  selTime: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  selInfo: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  hostTimeMs: Type.Optional(Type.Integer()),
});
export type BmcEvidence = Static<typeof BmcEvidence>;

/** FRU devices beside the first: id → what the sensor records call it, and its bytes. */
export const FruDevices = Type.Record(Type.String(), Type.Object({ name: Type.String(), bytes: Type.String() }));

export function bmcOf(evidence: BmcEvidence): Bmc {
  const fields = fieldsOf(evidence.mcInfo ?? '');
  const [lan] = Object.values(evidence.lan ?? {})
    .map(fieldsOf)
    .filter((channel) => macKey(channel.get('MAC Address') ?? '') !== undefined);
  const address = factText(lan?.get('IP Address'));
  return {
    firmware: factText(fields.get('Firmware Revision')),
    mac: macKey(lan?.get('MAC Address') ?? '') ?? null,
    address: address === '0.0.0.0' ? null : address,
  };
}

export function fruIdentityOf(bytes: Uint8Array): FruIdentity | undefined {
  const { product, board, chassis } = parseFru(bytes);
  if (product === null && board === null && chassis === null) return undefined;
  return {
    manufacturer: reported(product?.manufacturer ?? board?.manufacturer),
    product: reported(product?.name),
    part: reported(product?.part),
    serial: reported(product?.serial),
    assetTag: reported(product?.assetTag),
    boardSerial: reported(board?.serial),
    boardPart: reported(board?.part),
    chassisSerial: reported(chassis?.serial),
  };
}

/** `Name   : value` lines. */
function fieldsOf(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon <= 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const];
    }),
  );
}
