// Certificates by swtpm's own CA, read out of the chip, against makers that are trusted or not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { openProver } from '../../agent/tpm/proof.ts';
import { must } from '../../shared/assert.ts';
import { systemClock } from '../../shared/clock.ts';
import { ekOf, spkiOf } from '../../shared/tpm/templates.ts';
import { hasSwtpm, manufacture, startSwtpm } from '../../test/fixtures/swtpm.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openTpmMakers } from './ek-certificate.ts';

async function certified(folder: string): Promise<{ caPem: string[]; certificate: Buffer; spki: Uint8Array; otherSpki: Uint8Array }> {
  const { caPem } = manufacture(folder, true);
  await using tpm = await startSwtpm(folder);
  await using prover = await openProver(await tpm.open());
  if ('unusable' in prover.offer) throw new Error(prover.offer.unusable);
  const keys = prover.offer.endorsementKeys;
  const spki = (area: string): Uint8Array => spkiOf(must(ekOf(Buffer.from(area, 'base64')), 'a default key'));
  const key = must(keys.find(({ certificate }) => certificate !== undefined), 'a certificate');
  const other = must(keys.find((one) => one !== key), 'another key');
  return { caPem, certificate: Buffer.from(key.certificate ?? '', 'base64'), spki: spki(key.public), otherSpki: spki(other.public) };
} // prettier-ignore

it.skipIf(!hasSwtpm)('counts where a CA that is trusted signed it, for that key, in its time', async () => {
  const folder = await temporaryFolder();
  const chip = await certified(join(folder, 'a'));
  const { caPem: foreign } = manufacture(join(folder, 'b'), true);
  const makers = await openTpmMakers(chip.caPem);
  const nowMs = systemClock.nowMs();
  expect(makers.issuerOf(chip.certificate, chip.spki, nowMs)).toContain('CN=swtpm-localca');
  // Padding may follow it in the chip.
  const padded = Buffer.concat([chip.certificate, Buffer.alloc(32, 0xff)]);
  expect(makers.issuerOf(padded, chip.spki, nowMs)).toBe(makers.issuerOf(chip.certificate, chip.spki, nowMs));
  expect(makers.issuerOf(chip.certificate, chip.otherSpki, nowMs)).toBeUndefined();
  expect(makers.issuerOf(chip.certificate, chip.spki, 0)).toBeUndefined();
  const forged = Buffer.from(chip.certificate);
  forged[forged.length - 20] = (forged[forged.length - 20] ?? 0) ^ 1;
  expect(makers.issuerOf(forged, chip.spki, nowMs)).toBeUndefined();
  expect((await openTpmMakers(foreign)).issuerOf(chip.certificate, chip.spki, nowMs)).toBeUndefined();
  expect((await openTpmMakers([])).issuerOf(chip.certificate, chip.spki, nowMs)).toBeUndefined();
  expect(readFileSync(chip.caPem[0] ?? '', 'utf8')).toContain('BEGIN CERTIFICATE');
});

it('refuses to start with a file that holds none', async () => {
  await expect(openTpmMakers([import.meta.filename])).rejects.toThrow('it has no certificate in PEM');
  await expect(openTpmMakers(['/nonexistent.pem'])).rejects.toThrow('/nonexistent.pem cannot be used');
});
