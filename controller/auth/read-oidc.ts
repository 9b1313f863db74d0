// The identity provider's configuration, with the client secret from its file.
import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Config } from '../config.ts';
import type { OidcConfig } from './oidc.ts';

/** Null where no provider is configured. Throws `invalid_argument` where the file cannot be read. */
export async function readOidc({ oidc }: Config): Promise<OidcConfig | null> {
  if (oidc === null) return null;
  const { clientSecretFile, ...rest } = oidc;
  const clientSecret = await readFile(clientSecretFile, 'utf8').catch((error: unknown) => {
    throw new PpecError(
      'invalid_argument',
      `oidc.clientSecretFile: ${clientSecretFile} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  });
  return { ...rest, clientSecret: clientSecret.trim() };
}
