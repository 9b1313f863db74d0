// OAuth 2.0 as a client: device authorization (RFC 8628), tokens and their renewal (RFC 6749), revocation (RFC 7009).
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { cliClientId, deviceGrant } from '../../shared/api/oauth.ts';
import { PpecError } from '../../shared/errors.ts';
import type { TokenSource, ClientCredential } from './client.ts';
import { isRecord, readAnswer } from './response.ts';
import type { Transport } from './transport.ts';

const DeviceAuthorization = Type.Object({
  device_code: Type.String(),
  user_code: Type.String(),
  verification_uri: Type.String(),
  verification_uri_complete: Type.String(),
  expires_in: Type.Number(),
  interval: Type.Number(),
});
export type DeviceAuthorization = Static<typeof DeviceAuthorization>;
const deviceValidator = Compile(DeviceAuthorization);

const Tokens = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Number(),
  refresh_token: Type.Optional(Type.String()),
  session_expires_at: Type.Optional(Type.Integer()),
  person: Type.Optional(Type.String()),
});
export type Tokens = Static<typeof Tokens>;
const tokensValidator = Compile(Tokens);

const timeoutMs = 30_000;

export type Polled =
  { readonly state: 'done'; readonly tokens: Tokens } | { readonly state: 'pending' } | { readonly state: 'slow-down' };

export async function beginDevice(transport: Transport, clientName: string): Promise<DeviceAuthorization> {
  const value = await post(transport, '/oauth/device_authorization', {
    client_id: cliClientId,
    client_name: clientName,
  });
  if (!deviceValidator.Check(value)) throw strange(transport);
  return value;
}

/** Asks once whether the person has confirmed. Throws where they refused or the time is over. */
export async function pollDevice(transport: Transport, deviceCode: string): Promise<Polled> {
  try {
    const fields = { grant_type: deviceGrant, device_code: deviceCode, client_id: cliClientId };
    return { state: 'done', tokens: tokensOf(await post(transport, '/oauth/token', fields), transport) };
  } catch (error) {
    const code = error instanceof OAuthRefused ? error.error : undefined;
    if (code === 'authorization_pending') return { state: 'pending' };
    if (code === 'slow_down') return { state: 'slow-down' };
    throw error;
  }
}

export async function refresh(transport: Transport, refreshToken: string): Promise<Tokens> {
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: cliClientId };
  return tokensOf(await post(transport, '/oauth/token', fields), transport);
}

export async function revoke(transport: Transport, token: string): Promise<void> {
  await post(transport, '/oauth/revoke', { token });
}

/** Access tokens for a credential, fetched when there is none or the last one ends: the secret travels seldom. */
export function credentialTokens(
  transport: Transport,
  credential: ClientCredential & { readonly scope?: string },
  clock: { readonly nowMs: () => number },
): TokenSource {
  let held: { readonly token: string; readonly untilMs: number } | undefined;
  return async (refused) => {
    if (held !== undefined && held.token !== refused && clock.nowMs() < held.untilMs) return held.token;
    const fields = {
      grant_type: 'client_credentials',
      client_id: credential.id,
      client_secret: credential.secret,
      ...(credential.scope === undefined ? {} : { scope: credential.scope }),
    };
    const tokens = tokensOf(await post(transport, '/oauth/token', fields), transport);
    // Renewed a little before its end: it must live until the request arrives.
    held = { token: tokens.access_token, untilMs: clock.nowMs() + tokens.expires_in * 900 };
    return held.token;
  };
}

/** An error of the token endpoint (RFC 6749 §5.2). */
class OAuthRefused extends PpecError {
  readonly error: string;

  constructor(error: string, description: string) {
    super(error === 'temporarily_unavailable' ? 'unavailable' : 'unauthenticated', description);
    this.error = error;
  }
}

async function post(
  transport: Transport,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await transport.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ ...fields }).toString(),
    timeoutMs,
    signal: undefined,
  });
  if (answer.status >= 400) {
    const problem = parsed(answer.body);
    const { error, error_description: description } = problem;
    if (typeof error === 'string') {
      throw new OAuthRefused(error, typeof description === 'string' ? description : error);
    }
  }
  return readAnswer(answer, transport.url);
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function tokensOf(value: unknown, transport: Transport): Tokens {
  if (!tokensValidator.Check(value)) throw strange(transport);
  return value;
}

function strange({ url }: Transport): PpecError {
  return new PpecError('internal', `${url} answered something that is no token. Is this the address of a controller?`);
}
