// Certificates of endorsement keys, verified: signed by a CA of a TPM maker that this region was told to trust, and of
// exactly this key (TCG EK Credential Profile 2.5 §3).
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../shared/errors.ts';
import { parseEkCertificate } from '../../shared/hardware/evidence/tpm.ts';
import { derAt } from '../../shared/hardware/evidence/der.ts';

export type TpmMakers = {
  /** The issuer of this certificate of this key; undefined where no CA that is trusted signed it. */
  readonly issuerOf: (certificate: Uint8Array, spki: Uint8Array, nowMs: number) => string | undefined;
};

/** PEM files with one or more certificates each. Every one of them is trusted as it stands: roots or intermediates. */
export async function openTpmMakers(files: readonly string[]): Promise<TpmMakers> {
  const cas: X509Certificate[] = [];
  for (const file of files) cas.push(...(await certificatesOf(file)));
  return {
    issuerOf: (certificate, spki, nowMs) => {
      // As it lies in the TPM, padding may follow.
      const whole = derAt(certificate)?.whole;
      const facts = whole === undefined ? undefined : parseEkCertificate(whole);
      if (whole === undefined || facts === undefined || !Buffer.from(facts.publicKey).equals(spki)) return undefined;
      return issuer(whole, cas, nowMs);
    },
  };
}

async function certificatesOf(file: string): Promise<X509Certificate[]> {
  try {
    const text = await readFile(file, 'utf8');
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new PpecError('invalid_argument', 'it has no certificate in PEM');
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new PpecError('invalid_argument', `tpm.caFiles: ${file} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function issuer(der: Uint8Array, cas: readonly X509Certificate[], nowMs: number): string | undefined {
  try {
    const certificate = new X509Certificate(der);
    if (!isInTime(certificate, nowMs)) return undefined;
    const signer = cas.find(
      (ca) => ca.ca && isInTime(ca, nowMs) && certificate.checkIssued(ca) && certificate.verify(ca.publicKey),
    );
    return signer === undefined ? undefined : signer.subject.replaceAll('\n', ', ').slice(0, 300);
  } catch {
    return undefined;
  }
}

function isInTime({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}
